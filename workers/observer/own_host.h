// Whether a request means this server by its own name. A page in a browser can have the name of its
// own site lead to this machine (DNS rebinding), and would then read what only the machine may
// read: but its requests carry that name.
#pragma once

#include <string_view>

#include "config/options/options.h"

namespace prefork::observer {

// `host`: as in the field Host, with or without a port; empty: there is none.
bool is_own_host(std::string_view host);

// Only an address that nobody else can reach has no names of its own: elsewhere it may be known by
// any. A Unix socket is one too, which `ssh -L` brings to the browser of an operator.
bool has_only_own_hosts(const config::AdminOptions& admin);

}  // namespace prefork::observer
