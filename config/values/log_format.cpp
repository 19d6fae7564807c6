#include "config/values/log_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/base/config_error.h"
#include "config/base/text.h"

namespace prefork::config {

namespace {

struct VariableName {
  std::string_view name;
  LogVariable variable;
};

constexpr std::array kVariables = {
    VariableName{"remote_addr", LogVariable::remote_addr},
    VariableName{"remote_port", LogVariable::remote_port},
    VariableName{"remote_user", LogVariable::remote_user},
    VariableName{"time_local", LogVariable::time_local},
    VariableName{"time_iso8601", LogVariable::time_iso8601},
    VariableName{"request", LogVariable::request},
    VariableName{"request_method", LogVariable::request_method},
    VariableName{"request_uri", LogVariable::request_uri},
    VariableName{"uri", LogVariable::uri},
    VariableName{"args", LogVariable::args},
    VariableName{"query_string", LogVariable::args},
    VariableName{"scheme", LogVariable::scheme},
    VariableName{"host", LogVariable::host},
    VariableName{"server_protocol", LogVariable::server_protocol},
    VariableName{"status", LogVariable::status},
    VariableName{"body_bytes_sent", LogVariable::body_bytes_sent},
    VariableName{"body_bytes_received", LogVariable::body_bytes_received},
    VariableName{"request_id", LogVariable::request_id},
    VariableName{"request_id_text", LogVariable::request_id_text},
    VariableName{"trace_id", LogVariable::trace_id},
    VariableName{"span_id", LogVariable::span_id},
    VariableName{"request_time", LogVariable::request_time},
    VariableName{"request_time_us", LogVariable::request_time_us},
    VariableName{"queue_time_us", LogVariable::queue_time_us},
    VariableName{"handler_time_us", LogVariable::handler_time_us},
    VariableName{"receive_delay_ms", LogVariable::receive_delay_ms},
    VariableName{"worker", LogVariable::worker},
    VariableName{"generation", LogVariable::generation},
    VariableName{"cut", LogVariable::cut},
};

// Of other servers, then what they do not tell.
constexpr std::string_view kCombined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\" ${request_time_us}us w$worker$cut";
constexpr std::string_view kFieldPrefix = "http_";
constexpr std::size_t kMaxBytes = 2048;

constexpr bool is_name_char(char c) {
  return is_digit(c) || c == '_' || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

std::string all_names() {
  std::string names;
  for (const VariableName& one : kVariables) {
    names.append("$").append(one.name).append(", ");
  }
  return names + "and $http_NAME for any field of the request";
}

Result<LogPiece> variable_called(std::string_view name) {
  const auto* const found =
      std::find_if(kVariables.begin(), kVariables.end(),
                   [name](const VariableName& one) { return one.name == name; });
  if (found != kVariables.end()) {
    return LogPiece{found->variable, {}};
  }
  if (name.starts_with(kFieldPrefix) && name.size() > kFieldPrefix.size()) {
    LogPiece piece{LogVariable::header_field, {}};
    for (const char c : name.substr(kFieldPrefix.size())) {
      piece.text.push_back(c == '_' ? '-' : to_lower(c));
    }
    return piece;
  }
  return Problem{"there is no variable $" + std::string(name) + "; there are " + all_names()};
}

// Takes a name off the front of `rest`, which begins behind the dollar sign.
Result<std::string_view> take_name(std::string_view& rest) {
  const bool in_braces = rest.starts_with('{');
  rest.remove_prefix(in_braces ? 1 : 0);
  const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_name_char);
  const std::string_view name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(name.size());
  if (in_braces && !rest.starts_with('}')) {
    return Problem{"a ${ has no }"};
  }
  rest.remove_prefix(in_braces ? 1 : 0);
  if (name.empty()) {
    return Problem{"a $ has no name; $$ writes a dollar sign"};
  }
  return name;
}

void add_text(std::vector<LogPiece>& pieces, std::string_view text) {
  if (text.empty()) {
    return;
  }
  if (pieces.empty() || pieces.back().variable != LogVariable::text) {
    pieces.push_back({LogVariable::text, {}});
  }
  pieces.back().text.append(text);
}

Result<std::vector<LogPiece>> parse_template(std::string_view rest) {
  std::vector<LogPiece> pieces;
  while (!rest.empty()) {
    const std::size_t dollar = std::min(rest.find('$'), rest.size());
    add_text(pieces, rest.substr(0, dollar));
    rest.remove_prefix(dollar);
    if (rest.empty()) {
      break;
    }
    rest.remove_prefix(1);
    if (rest.starts_with('$')) {
      add_text(pieces, "$");
      rest.remove_prefix(1);
      continue;
    }
    const auto name = take_name(rest);
    if (!name.ok()) {
      return name.problem();
    }
    auto piece = variable_called(name.value());
    if (!piece.ok()) {
      return piece.problem();
    }
    pieces.push_back(std::move(piece).value());
  }
  return pieces;
}

}  // namespace

bool LogFormat::names(LogVariable variable) const {
  return std::any_of(pieces.begin(), pieces.end(),
                     [variable](const LogPiece& piece) { return piece.variable == variable; });
}

LogFormat combined_log_format() { return {"combined", false, parse_template(kCombined).value()}; }

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "combined") {
    return combined_log_format();
  }
  if (text == "json") {
    return LogFormat{"json", true, {}};
  }
  if (text.find('$') == std::string_view::npos) {
    return Problem{in_quotes(text) +
                   " is not a format; use combined, json or a template such as"
                   " '$remote_addr \"$request\" $status'"};
  }
  if (text.size() > kMaxBytes) {
    return Problem{"is longer than " + std::to_string(kMaxBytes) + " bytes"};
  }
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
    return Problem{"a line must not hold control characters"};
  }
  auto pieces = parse_template(text);
  if (!pieces.ok()) {
    return pieces.problem();
  }
  return LogFormat{std::string(text), false, std::move(pieces).value()};
}

}  // namespace prefork::config
