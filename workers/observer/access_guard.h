// Who is answered on the admin listener: requests that mean this server by its own name, where it
// has no other; and with --admin-token those that send the token, but for what strangers may see.
// Goes by the path alone, so that it holds for every route there is or will be. One thread: the
// observer's event loop.
#pragma once

#include <string_view>

#include "config/options/options.h"
#include "server/exchange/application.h"

namespace prefork::observer {

class AccessGuard : public exchange::Application {
 public:
  // Both outlive it.
  AccessGuard(const exchange::Application& routes, const config::AdminOptions& admin);

  [[nodiscard]] exchange::RouteMatch route(
      const http::Request& request, exchange::RouteParameters& parameters) const noexcept override;

  // There is a token, and it has not been sent: such a client sees no details.
  [[nodiscard]] bool is_stranger(const http::Request& request) const;

 private:
  [[nodiscard]] bool is_public(std::string_view path) const;

  const exchange::Application& routes_;
  const config::AdminOptions& admin_;
  const bool only_own_hosts_;
  const exchange::Handler ask_for_token_;
};

// Whether the request has the field `Authorization: Bearer TOKEN`. How long that takes says nothing
// of the token but its length.
bool sends_token(const http::Request& request, std::string_view token);

}  // namespace prefork::observer
