#include "server/engine/server_settings.h"

#include "config/base/text.h"

namespace prefork::engine {

namespace {

// A Server field of the configuration's takes the place of ours.
std::string fixed_fields_of(const config::Options& options) {
  std::string fields;
  bool own_server = false;
  for (const config::HeaderField& field : options.headers) {
    own_server = own_server || config::equals_ignoring_case(field.name, "server");
    fields.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return options.server_header && !own_server ? "Server: prefork-server\r\n" + fields : fields;
}

}  // namespace

ServerSettings ServerSettings::from(const config::Options& options) {
  ServerSettings settings;
  settings.parser.request_line_bytes = options.limit_request_line;
  settings.parser.header_bytes = options.limit_header_bytes;
  settings.parser.header_count = options.limit_header_count;
  settings.parser.body_bytes = options.limit_body;
  settings.timeout_keep_alive = options.timeout_keep_alive;
  settings.timeout_header = options.timeout_header;
  settings.timeout_body = options.timeout_body;
  settings.timeout_write = options.timeout_write;
  settings.timeout_request = options.timeout_request;
  settings.timeout_deferred = options.timeout_deferred;
  settings.proxy_headers = options.proxy_headers;
  settings.forwarded_allow_ips = options.forwarded_allow_ips;
  settings.proxy_allow_from = options.proxy_allow_from;
  settings.root_path = options.root_path;
  settings.fixed_fields = fixed_fields_of(options);
  settings.date_field = options.date_header;
  settings.limit_connections = options.limit_connections;
  settings.limit_concurrency = options.limit_concurrency;
  return settings;
}

}  // namespace prefork::engine
