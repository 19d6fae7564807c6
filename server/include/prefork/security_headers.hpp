// The fields that tell browsers to be careful with an answer; see RouteList::security_headers.
// Plain value.
#pragma once

#include <prefork/cxx20.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Each is set where the answer has none of its own; an empty one is not sent.
struct SecurityHeaders {
  std::string content_type_options = "nosniff";                     // X-Content-Type-Options
  std::string referrer_policy = "strict-origin-when-cross-origin";  // Referrer-Policy
  // X-Frame-Options; not where a Content-Security-Policy has frame-ancestors, which browsers
  // prefer.
  std::string frame_options = "DENY";
  std::string content_security_policy{};  // Content-Security-Policy
  // Strict-Transport-Security (RFC 6797), where Request::scheme is https.
  std::string strict_transport_security = "max-age=31536000";

  // For the layer below. Throws std::invalid_argument for what cannot be the value of a field.
  void check() const {
    for (const std::string* value : {&content_type_options, &referrer_policy, &frame_options,
                                     &content_security_policy, &strict_transport_security}) {
      if (value->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        throw std::invalid_argument("security_headers(): a value has a line end in it");
      }
    }
  }
  // For the layer below.
  void add_to(Response& response, const Request& request) const {
    add(response, "X-Content-Type-Options", content_type_options);
    add(response, "Referrer-Policy", referrer_policy);
    add(response, "Content-Security-Policy", content_security_policy);
    const auto policy = response.header("Content-Security-Policy");
    if (!policy || policy->find("frame-ancestors") == std::string_view::npos) {
      add(response, "X-Frame-Options", frame_options);
    }
    if (request.scheme() == "https") {
      add(response, "Strict-Transport-Security", strict_transport_security);
    }
  }

 private:
  static void add(Response& response, std::string_view name, std::string_view value) {
    if (!value.empty() && !response.header(name)) {
      response.add_header(name, value);
    }
  }
};

}  // namespace v1
}  // namespace prefork
