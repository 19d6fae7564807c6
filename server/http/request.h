// A request as the rest of the server sees it: views into bytes that somebody else keeps. On the
// event loop they point into the connection's input and end with the handler's call; for the
// thread pool the bytes are copied first (see Job) and live as long as the job.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ipc/base/peer_address.h"
#include "server/http/field.h"

namespace prefork::exchange {
class BodyChannel;
}

namespace prefork::http {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  patch,
  delete_,
  options,
  trace,
  connect,
  other,  // a registered method without a name here; see Request::method_text
};

// Stands in Request::segments for a slash that was sent percent-encoded. No path has it otherwise.
inline constexpr char kEncodedSlash = '\0';

enum class Scheme : std::uint8_t { http, https };

class RequestTrace;

struct Request {
  Method method = Method::get;
  std::uint16_t route = 0;  // the number of the application's route that answers; 0: none of them
  std::uint16_t label = 0;  // of that route in statistics
  int version_minor = 1;    // HTTP/1.0 or HTTP/1.1
  std::string_view method_text;
  std::string_view target;            // as sent
  std::string_view path;              // decoded once, without dot segments; "*" for OPTIONS *
  std::string_view segments;          // where slashes came encoded: see path_segments()
  std::string_view query;             // as sent, without the question mark
  std::string_view host;              // of the absolute target if there is one, else of Host
  FieldView fields;                   // in the order they came
  std::span<const Field> parameters;  // what the route took from the path, in its order
  std::string_view body;
  exchange::BodyChannel* content =
      nullptr;                    // instead of `body`, for handlers that read it as it arrives
  ipc::PeerAddress peer;          // the client, as far as trusted proxies told; else who connected
  Scheme scheme = Scheme::http;   // https: a trusted proxy says so
  bool is_from_proxy = false;     // a trusted one, see --forwarded-allow-ips
  std::string_view root_path;     // where a proxy has mounted the server: "/shop", or nothing
  std::uint64_t id = 0;           // counts the worker's requests
  RequestTrace* trace = nullptr;  // its span; null: nobody asks (--trace off)

  // The path for whoever divides it at its slashes: byte for byte the same, but that a slash which
  // was sent as "%2F" belongs to its segment (RFC 3986 section 2.4) and is kEncodedSlash here.
  [[nodiscard]] std::string_view path_segments() const {
    return segments.empty() ? path : segments;
  }

  // The route's parameter of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const {
    for (const Field& field : parameters) {
      if (field.name == name) {
        return field.value;
      }
    }
    return std::nullopt;
  }
};

}  // namespace prefork::http
