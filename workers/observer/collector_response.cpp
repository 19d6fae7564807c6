#include "workers/observer/collector_response.h"

#include "config/base/number.h"
#include "config/base/text.h"

namespace prefork::observer {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kVersionStart = "HTTP/1.";
constexpr std::size_t kStatusAt = 9;  // "HTTP/1.1 200"
constexpr std::int64_t kLongestBody = std::int64_t{1} << 20;
constexpr std::int64_t kLongestWait = 3600;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find(kLineEnd);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + kLineEnd.size());
  return line;
}

int status_of(std::string_view line) {
  const auto status = line.starts_with(kVersionStart) && line.size() >= kStatusAt + 3
                          ? config::parse_number(line.substr(kStatusAt, 3))
                          : std::nullopt;
  return status && *status >= 100 && *status <= 599 ? static_cast<int>(*status) : 0;
}

struct Framing {
  std::optional<std::int64_t> length;
  bool closes = false;
  std::optional<std::uint32_t> retry_after_s;
};

Framing framing_of(std::string_view fields) {
  Framing framing;
  while (!fields.empty()) {
    std::string_view value = take_line(fields);
    const std::string_view name = config::take_until(value, ':');
    value = config::trim(value);
    const auto number = config::parse_number(value);
    if (config::equals_ignoring_case(name, "content-length")) {
      framing.length = number && *number >= 0 && *number <= kLongestBody ? number : std::nullopt;
      framing.closes = framing.closes || !framing.length;
    } else if (config::equals_ignoring_case(name, "transfer-encoding") ||
               (config::equals_ignoring_case(name, "connection") &&
                config::equals_ignoring_case(value, "close"))) {
      framing.closes = true;
    } else if (config::equals_ignoring_case(name, "retry-after") && number && *number >= 0 &&
               *number <= kLongestWait) {
      framing.retry_after_s = static_cast<std::uint32_t>(*number);
    }
  }
  return framing;
}

}  // namespace

std::optional<CollectorResponse> find_response(std::string_view received) {
  std::size_t begin = 0;
  while (true) {
    const std::string_view rest = received.substr(begin);
    const std::size_t head = rest.find(kHeadEnd);
    if (head == rest.npos) {
      return std::nullopt;
    }
    std::string_view lines = rest.substr(0, head + kLineEnd.size());
    const std::string_view first = take_line(lines);
    CollectorResponse response;
    response.status = status_of(first);
    const std::size_t body = begin + head + kHeadEnd.size();
    if (response.status >= 100 && response.status < 200) {
      begin = body;
      continue;
    }
    const Framing framing = framing_of(lines);
    response.retry_after_s = framing.retry_after_s;
    const bool has_no_body = response.status == 204 || response.status == 304;
    const auto length = static_cast<std::size_t>(has_no_body ? 0 : framing.length.value_or(0));
    response.keeps_connection = response.status != 0 && !framing.closes &&
                                first.starts_with("HTTP/1.1") &&
                                (has_no_body || framing.length.has_value());
    response.size = body + length;
    if (response.keeps_connection && received.size() < response.size) {
      return std::nullopt;
    }
    return response;
  }
}

}  // namespace prefork::observer
