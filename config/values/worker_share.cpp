#include "config/values/worker_share.h"

#include <algorithm>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

constexpr std::int64_t kMostWorkers = 256;
constexpr std::int64_t kMostPercent = 100;
constexpr const char* kRange = "use 1 to 256 or 1% to 100%";

}  // namespace

std::uint32_t WorkerShare::of(std::uint32_t workers) const {
  return is_percent ? std::max(workers * amount / 100, std::uint32_t{1}) : amount;
}

std::string WorkerShare::text() const { return std::to_string(amount) + (is_percent ? "%" : ""); }

Result<WorkerShare> parse_worker_share(std::string_view text) {
  const bool is_percent = text.ends_with('%');
  const auto number = parse_number(is_percent ? text.substr(0, text.size() - 1) : text);
  if (!number) return Problem{in_quotes(text) + " is not a number of workers; " + kRange};
  if (*number < 1 || *number > (is_percent ? kMostPercent : kMostWorkers)) {
    return Problem{printable(text) + " is out of range; " + kRange};
  }
  return WorkerShare{static_cast<std::uint32_t>(*number), is_percent};
}

}  // namespace prefork::config
