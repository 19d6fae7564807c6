// Who sent a request and how it came: what the head cannot say of itself, and what trusted proxies
// say for it (see http/forwarded.h).
#pragma once

#include "config/options/options.h"
#include "server/http/forwarded.h"
#include "server/http/request.h"

namespace prefork::exchange {

// `request.peer`: who is connected; becomes the client.
inline void identify_client(http::Request& request, const config::ProxyOptions& proxies) {
  request.root_path = proxies.root_path;
  if (proxies.proxy_headers) {
    const http::ForwardedOrigin origin =
        http::forwarded_origin(request.fields, request.peer, proxies.forwarded_allow_ips);
    request.peer = origin.client;
    request.scheme = origin.scheme;
    request.is_from_proxy = origin.is_from_proxy;
  }
}

}  // namespace prefork::exchange
