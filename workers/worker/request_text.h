// A request written down as it can be sent again, on a connection of its own: what it was when the
// application got it. Secrets are not in it, for it ends as a file that people pass on. Pure
// functions, without allocation; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::worker {

// Fields whose values say who somebody is. Each is replaced by as many x: what depends on its
// length still happens.
inline constexpr std::array<std::string_view, 7> kSecretFields = {
    "authorization", "proxy-authorization", "cookie",      "set-cookie",
    "x-api-key",     "x-auth-token",        "x-csrf-token"};

// Writes the head of a request whose body has so many bytes; fields that find no room are left out.
// Returns its size; 0: there is not even room for its first line.
std::size_t write_request_head(const http::Request& request, std::size_t body_size,
                               std::span<char> room);

}  // namespace prefork::worker
