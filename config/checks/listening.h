// Makes Options::binds of the options about listening. --bind, --uds, --fd and --host/--port are
// four forms of saying it: they exclude each other within one source, and the strongest source that
// uses any of them decides the form. Where none does, sockets that systemd has opened take the
// default's place. --proxy-protocol is a part of every address then.
#pragma once

#include "config/sources/environment.h"
#include "config/sources/merge.h"

namespace prefork::config {

void resolve_listening(Merged& merged, const Environment& environment);

}  // namespace prefork::config
