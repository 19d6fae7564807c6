// What another process has to know to go on with an idle connection.
#pragma once

#include "ipc/inbox.h"
#include "server/net/connection.h"

namespace prefork::engine {

inline ipc::HandedConnection describe(const net::Connection& connection) {
  ipc::HandedConnection about;
  about.requests = connection.messages();
  about.peer = connection.peer().address;
  return about;
}

}  // namespace prefork::engine
