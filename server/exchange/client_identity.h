// Who sent a request and how it came: what the head cannot say of itself, and what trusted proxies
// say for it (see http/forwarded.h).
#pragma once

#include "config/options/options.h"
#include "server/http/forwarded.h"
#include "server/http/request.h"

namespace prefork::exchange {

// `request.peer`: who is connected; becomes the client. `is_from_proxy`: that is one of
// `proxies.forwarded_allow_ips`, whose fields count.
inline void identify_client(http::Request& request, bool is_from_proxy,
                            const config::ProxyOptions& proxies) {
  request.root_path = proxies.root_path;
  request.is_from_proxy = is_from_proxy;
  if (is_from_proxy && http::has_forwarded_field(request.fields)) [[unlikely]] {
    const http::ForwardedOrigin origin =
        http::forwarded_origin(request.fields, request.peer, proxies.forwarded_allow_ips);
    request.peer = origin.client;
    request.scheme = origin.scheme;
  }
}

}  // namespace prefork::exchange
