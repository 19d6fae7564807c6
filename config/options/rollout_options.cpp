#include "config/options/rollout_options.h"

#include <algorithm>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

constexpr std::size_t kLongestProbePath = 1024;

// RFC 9112, section 3.2.1: the origin form, as it goes into a request line.
Result<std::string> parse_probe_path(std::string_view text) {
  if (text == "off") return std::string();
  if (!text.starts_with('/')) {
    return Problem{in_quotes(text) +
                   " does not begin with a slash; use a path as in /ready, or off"};
  }
  if (text.size() > kLongestProbePath) {
    return Problem{in_quotes(text) + " has " + std::to_string(text.size()) +
                   " bytes; a probe path has at most " + std::to_string(kLongestProbePath)};
  }
  const auto is_refused = [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; };
  const auto* const found = std::find_if(text.begin(), text.end(), is_refused);
  if (found != text.end()) {
    return Problem{in_quotes(text) + " has " + in_quotes({found, 1}) +
                   " in it; use a path as it stands in a request, as in /ready"};
  }
  return std::string(text);
}

}  // namespace

Result<void> set_reload_max_unavailable(Options& options, std::string_view text) {
  return store(parse_worker_share(text), options.rollout.max_unavailable);
}

std::vector<std::string> reload_max_unavailable_texts(const Options& options) {
  return {options.rollout.max_unavailable.text()};
}

Result<void> set_probe_path(Options& options, std::string_view text) {
  return store(parse_probe_path(text), options.rollout.probe_path);
}

std::vector<std::string> probe_path_texts(const Options& options) {
  return {options.rollout.probe_path.empty() ? "off" : options.rollout.probe_path};
}

}  // namespace prefork::config
