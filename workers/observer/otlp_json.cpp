#include "workers/observer/otlp_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "config/version.h"
#include "server/http/status.h"

namespace prefork::observer {

namespace {

using OtlpJson = nlohmann::json;

constexpr int kKindServer = 2;
constexpr int kStatusError = 2;
// Flags of a span: the trace's own, and that it is known where the parent was.
constexpr unsigned kSampledFlag = 1;
constexpr unsigned kHasRemoteFlag = 0x100;
constexpr unsigned kIsRemoteFlag = 0x200;

constexpr std::array<std::string_view, 9> kKnownMethods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};

bool is_known(std::string_view method) {
  return std::find(kKnownMethods.begin(), kKnownMethods.end(), method) != kKnownMethods.end();
}

template <std::size_t kSize>
std::string text_of(const std::array<char, kSize>& id) {
  return {id.data(), id.size()};
}

// The list of a span's attributes. 64-bit numbers are texts in the JSON of protocol buffers.
class Attributes {
 public:
  void text(std::string_view key, std::string_view value) {
    list_.push_back({{"key", key}, {"value", {{"stringValue", value}}}});
  }
  void text_if_any(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      text(key, value);
    }
  }
  void number(std::string_view key, std::uint64_t value) {
    list_.push_back({{"key", key}, {"value", {{"intValue", std::to_string(value)}}}});
  }
  void seconds(std::string_view key, std::uint32_t microseconds) {
    list_.push_back({{"key", key}, {"value", {{"doubleValue", microseconds / 1e6}}}});
  }
  OtlpJson take() { return std::move(list_); }

 private:
  OtlpJson list_ = OtlpJson::array();
};

// Of Host: "shop", "shop:8000", "[::1]:8000".
void add_server(Attributes& attributes, std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  attributes.text_if_any("server.address", host.substr(0, has_port ? colon : host.size()));
  std::uint16_t port = 0;
  if (has_port &&
      std::from_chars(host.data() + colon + 1, host.data() + host.size(), port).ec == std::errc()) {
    attributes.number("server.port", port);
  }
}

OtlpJson attributes_of(const ipc::SpanRecord& span) {
  Attributes attributes;
  const std::string_view method = span.text(ipc::SpanText::method);
  attributes.text("http.request.method", is_known(method) ? method : "_OTHER");
  if (!is_known(method)) {
    attributes.text("http.request.method_original", method);
  }
  attributes.text("url.path", span.text(ipc::SpanText::path));
  attributes.text("url.scheme", span.is_https ? "https" : "http");
  attributes.text_if_any("http.route", span.text(ipc::SpanText::route));
  if (span.status != 0) {
    attributes.number("http.response.status_code", span.status);
  }
  if (http::is_server_error(span.status)) {
    attributes.text("error.type", std::to_string(span.status));
  }
  attributes.text("client.address", ipc::host_of(span.client));
  add_server(attributes, span.text(ipc::SpanText::host));
  attributes.text("network.protocol.version", span.version_minor == 0 ? "1.0" : "1.1");
  attributes.number("prefork.worker", span.worker);
  attributes.text_if_any("prefork.cut", span.text(ipc::SpanText::cut));
  if (span.queue_us != 0) {
    attributes.seconds("prefork.queue.duration", span.queue_us);
  }
  if (span.handler_us != 0) {
    attributes.seconds("prefork.handler.duration", span.handler_us);
  }
  span.for_each_attribute([&attributes](std::string_view name, std::string_view value) {
    attributes.text(name, value);
  });
  return attributes.take();
}

std::string name_of(const ipc::SpanRecord& span) {
  const std::string_view method = span.text(ipc::SpanText::method);
  std::string name(is_known(method) ? method : "HTTP");
  if (const std::string_view route = span.text(ipc::SpanText::route); !route.empty()) {
    name.append(" ").append(route);
  }
  return name;
}

OtlpJson to_json(const ipc::SpanRecord& span) {
  const bool has_parent = span.parent_id.front() != '\0';
  OtlpJson json = {
      {"traceId", text_of(span.trace_id)},
      {"spanId", text_of(span.span_id)},
      {"flags",
       (span.is_sampled ? kSampledFlag : 0U) | kHasRemoteFlag | (has_parent ? kIsRemoteFlag : 0U)},
      {"name", name_of(span)},
      {"kind", kKindServer},
      {"startTimeUnixNano", std::to_string(span.begin_unix_ns)},
      {"endTimeUnixNano", std::to_string(span.end_unix_ns)},
      {"attributes", attributes_of(span)},
  };
  if (has_parent) {
    json["parentSpanId"] = text_of(span.parent_id);
  }
  if (span.attributes_dropped != 0) {
    json["droppedAttributesCount"] = span.attributes_dropped;
  }
  if (http::is_server_error(span.status)) {
    json["status"] = {{"code", kStatusError}};
  }
  return json;
}

}  // namespace

std::string to_otlp_json(std::span<const ipc::SpanRecord> spans, const std::string& service) {
  OtlpJson list = OtlpJson::array();
  for (const ipc::SpanRecord& span : spans) {
    list.push_back(to_json(span));
  }
  Attributes resource;
  resource.text("service.name", service);
  const OtlpJson scope = {{"name", "prefork-server"}, {"version", config::kVersion}};
  OtlpJson scope_spans = OtlpJson::array();
  scope_spans.push_back({{"scope", scope}, {"spans", std::move(list)}});
  OtlpJson resource_spans = OtlpJson::array();
  resource_spans.push_back(
      {{"resource", {{"attributes", resource.take()}}}, {"scopeSpans", std::move(scope_spans)}});
  return OtlpJson{{"resourceSpans", std::move(resource_spans)}}.dump(
      -1, ' ', false, OtlpJson::error_handler_t::replace);
}

}  // namespace prefork::observer
