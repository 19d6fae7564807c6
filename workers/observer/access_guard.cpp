#include "workers/observer/access_guard.h"

#include <optional>

#include "config/base/text.h"
#include "workers/observer/own_host.h"

namespace prefork::observer {

namespace {

constexpr std::string_view kAuthorization = "authorization";
constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kAdvice =
    "send the token of --admin-token in a field Authorization: Bearer TOKEN";

// RFC 6750, section 3.
void ask_for_token(const http::Request& request, http::Response& response) {
  response.set_error(401, kAdvice);
  response.add_field("WWW-Authenticate",
                     request.fields.find(kAuthorization)
                         ? R"(Bearer realm="prefork-server", error="invalid_token")"
                         : R"(Bearer realm="prefork-server")");
  response.add_field("Cache-Control", "no-store");
}

// Looks at every byte, wherever the first one is that differs.
bool are_equal(std::string_view sent, std::string_view token) {
  if (sent.size() != token.size()) {
    return false;
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference |= static_cast<unsigned>(sent[i] ^ token[i]);
  }
  return difference == 0;
}

}  // namespace

bool sends_token(const http::Request& request, std::string_view token) {
  const std::optional<std::string_view> field = request.fields.find(kAuthorization);
  if (!field || field->size() < kBearer.size() ||
      !config::equals_ignoring_case(field->substr(0, kBearer.size()), kBearer)) {
    return false;
  }
  const std::size_t begin = field->find_first_not_of(' ', kBearer.size());
  return begin != field->npos && are_equal(field->substr(begin), token);
}

AccessGuard::AccessGuard(const exchange::Application& routes, const config::AdminOptions& admin)
    : routes_(routes),
      admin_(admin),
      only_own_hosts_(has_only_own_hosts(admin)),
      ask_for_token_(ask_for_token) {}

exchange::RouteMatch AccessGuard::route(const http::Request& request,
                                        exchange::RouteParameters& parameters) const noexcept {
  exchange::RouteMatch refused;
  if (only_own_hosts_ && !is_own_host(request.host)) {
    refused.status = 421;
    return refused;
  }
  if (is_stranger(request) && !is_public(request.path)) {
    refused.handler = &ask_for_token_;
    return refused;
  }
  return routes_.route(request, parameters);
}

bool AccessGuard::is_stranger(const http::Request& request) const {
  return !admin_.token.empty() && !sends_token(request, admin_.token);
}

// The page has nothing of the server in it: it asks for the token.
bool AccessGuard::is_public(std::string_view path) const {
  if (path == "/healthz" || path == "/readyz") {
    return admin_.is_health_public;
  }
  return path == "/" || (path == "/metrics" && admin_.is_metrics_public);
}

}  // namespace prefork::observer
