#include "config/options/scheduling_options.h"

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

// setpriority(2)
constexpr std::int64_t kLeastNice = -20;
constexpr std::int64_t kMostNice = 19;

}  // namespace

Result<void> set_cpu_affinity(Options& options, std::string_view text) {
  return store(parse_cpu_affinity(text), options.processes.cpu_affinity);
}

std::vector<std::string> cpu_affinity_texts(const Options& options) {
  return {options.processes.cpu_affinity.text()};
}

Result<void> set_nice(Options& options, std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return Problem{in_quotes(text) + " is not a nice value; use -20 to 19"};
  if (*number < kLeastNice || *number > kMostNice) {
    return Problem{printable(text) + " is out of range; use -20 to 19"};
  }
  options.processes.nice = static_cast<std::int32_t>(*number);
  return {};
}

std::vector<std::string> nice_texts(const Options& options) {
  const auto& nice = options.processes.nice;
  return nice ? std::vector{std::to_string(*nice)} : std::vector<std::string>{};
}

}  // namespace prefork::config
