#include "server/engine/server_settings.h"

#include "config/base/text.h"

namespace prefork::engine {

namespace {

// A Server field of the configuration's takes the place of ours.
http::FieldList fixed_fields_of(const config::ResponseOptions& responses) {
  http::FieldList fields;
  bool own_server = false;
  for (const config::HeaderField& field : responses.headers) {
    own_server = own_server || config::equals_ignoring_case(field.name, "server");
    fields.append(field.name, field.value);
  }
  if (responses.server_header && !own_server) {
    fields.prepend(kServerField.name, kServerField.value);
  }
  return fields;
}

}  // namespace

ServerSettings ServerSettings::from(const config::Options& options) {
  ServerSettings settings;
  settings.timeouts = options.timeouts;
  settings.limits = options.limits;
  settings.proxies = options.proxies;
  settings.fixed_fields = fixed_fields_of(options.responses);
  settings.date_field = options.responses.date_header;
  settings.tells_timing = options.responses.server_timing;
  if (options.processes.head_parser == config::HeadParser::llhttp) {
    settings.head_scanner = nullptr;
  }
  return settings;
}

http1::ParserLimits ServerSettings::parser_limits() const {
  return {limits.request_line, limits.header_bytes, limits.header_count, limits.body};
}

}  // namespace prefork::engine
