#include "config/options/process_options.h"

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {

Result<void> set_workers(Options& options, std::string_view text) {
  if (text == "auto") {
    options.processes.workers_auto = true;
    return {};
  }
  const auto number = parse_number(text);
  if (!number)
    return Problem{in_quotes(text) + " is not a number of workers; use 1 to 256 or auto"};
  if (*number < 1 || *number > std::int64_t{kMaxWorkers}) {
    return Problem{printable(text) + " is out of range; use 1 to 256 or auto"};
  }
  options.processes.workers_auto = false;
  options.processes.workers = static_cast<std::uint32_t>(*number);
  return {};
}

std::vector<std::string> workers_texts(const Options& options) {
  return {std::to_string(options.processes.workers)};
}

Result<void> set_max_requests_jitter(Options& options, std::string_view text) {
  constexpr std::int64_t kMostJitter = 1'000'000'000;
  const auto number = parse_number(text);
  if (!number) return Problem{in_quotes(text) + " is not a whole number; use 0 to 1000000000"};
  if (*number < 0 || *number > kMostJitter) {
    return Problem{printable(text) + " is out of range; use 0 to 1000000000"};
  }
  options.processes.max_requests_jitter = static_cast<std::uint32_t>(*number);
  return {};
}

std::vector<std::string> max_requests_jitter_texts(const Options& options) {
  const auto& jitter = options.processes.max_requests_jitter;
  return jitter ? std::vector{std::to_string(*jitter)} : std::vector<std::string>{};
}

Result<void> set_start_method(Options& options, std::string_view text) {
  return store(parse_start_method(text), options.processes.start_method);
}

std::vector<std::string> start_method_texts(const Options& options) {
  return {std::string(to_string(options.processes.start_method))};
}

Result<void> set_head_parser(Options& options, std::string_view text) {
  return store(parse_head_parser(text), options.processes.head_parser);
}

std::vector<std::string> head_parser_texts(const Options& options) {
  return {std::string(to_string(options.processes.head_parser))};
}

}  // namespace prefork::config
