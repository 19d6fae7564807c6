// The form of the access log's lines: `combined`, `json`, or a template of text and variables.
// A value; any thread may read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"

namespace prefork::config {

// What a template can name, as $name or ${name}.
enum class LogVariable : std::uint8_t {
  text,          // not a variable: the text between them
  header_field,  // $http_NAME: any field of the request
  remote_addr,
  remote_port,
  remote_user,
  time_local,
  time_iso8601,
  request,
  request_method,
  request_uri,
  uri,
  args,
  scheme,
  host,
  server_protocol,
  status,
  body_bytes_sent,
  body_bytes_received,
  request_id,
  request_id_text,
  trace_id,
  span_id,
  request_time,
  request_time_us,
  queue_time_us,
  handler_time_us,
  receive_delay_ms,
  worker,
  generation,
  cut
};

struct LogPiece {
  LogVariable variable = LogVariable::text;
  // The text, or the field's name in lower case.
  std::string text;

  bool operator==(const LogPiece&) const = default;
};

struct LogFormat {
  std::string name = "combined";  // as it was written
  bool is_json = false;
  std::vector<LogPiece> pieces;  // of everything but json

  // Whether a template has it.
  [[nodiscard]] bool names(LogVariable variable) const;

  bool operator==(const LogFormat&) const = default;
};

// Says which variable there is none of.
Result<LogFormat> parse_log_format(std::string_view text);
LogFormat combined_log_format();

}  // namespace prefork::config
