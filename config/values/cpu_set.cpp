#include "config/values/cpu_set.h"

#include <algorithm>
#include <set>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

// `8` or `0-3`; false: it is neither.
bool add_range(std::string_view text, std::set<std::uint32_t>& cpus) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_number(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first || *last >= std::int64_t{kMostCpus}) {
    return false;
  }
  for (std::int64_t cpu = *first; cpu <= *last; ++cpu) {
    cpus.insert(static_cast<std::uint32_t>(cpu));
  }
  return true;
}

}  // namespace

std::string to_text(const CpuSet& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(cpus[i]);
    if (end - i > 1) text += '-' + std::to_string(cpus[end - 1]);
    i = end;
  }
  return text;
}

Result<CpuSet> parse_cpu_set(std::string_view text) {
  std::set<std::uint32_t> cpus;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::string_view range = text.substr(start, comma - start);
    if (!add_range(range, cpus)) {
      return Problem{in_quotes(text) + " is not a list of CPUs such as 0-3,8"};
    }
    start = comma + 1;
  }
  return CpuSet(cpus.begin(), cpus.end());
}

}  // namespace prefork::config
