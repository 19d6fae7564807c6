// What the process around a server decides or wants to know. Called on the event loop.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/options/options.h"
#include "ipc/inbox.h"

namespace prefork::engine {

enum class Place : std::uint8_t {
  here,
  given,    // another process has it: the socket here may be closed
  full,     // the others cannot take it just now
  nowhere,  // there is no other
};

class ServerHooks {
 public:
  ServerHooks() = default;
  virtual ~ServerHooks() = default;
  ServerHooks(const ServerHooks&) = delete;
  ServerHooks& operator=(const ServerHooks&) = delete;

  // A connection is looking for its place. `may_stay`: whether this process would serve it as well.
  virtual Place place(int /*socket*/, const ipc::HandedConnection& /*about*/, bool may_stay) {
    return may_stay ? Place::here : Place::nowhere;
  }
  // A connection was accepted here. True: it counts here from now on, is answered here if its first
  // message is short, and looks for its place when it comes to rest (relieve). False: it is to be
  // placed at once, as this process has more than `lead` connections more than another one.
  virtual bool keep(int /*socket*/, std::uint32_t /*lead*/) { return false; }
  // Whether this process has more than `by` connections more than another one.
  [[nodiscard]] virtual bool is_ahead(std::uint32_t /*by*/) const { return false; }
  // How many of the connections here others should have instead; asked with each tick.
  [[nodiscard]] virtual std::uint32_t excess() const { return 0; }
  // An idle connection that is here could be one of these: `given`, or `here` when it is not.
  virtual Place relieve(int /*socket*/, const ipc::HandedConnection& /*about*/) {
    return Place::here;
  }
  // A connection that was placed here, or adopted, is gone.
  virtual void on_connection_gone() {}
  // No connection can be accepted at present: out of descriptors or memory.
  virtual void on_accept_error() {}
  // Ten times a second while anything happens, and else as seldom as ServerSettings says. True: the
  // next one is wanted soon, although nothing happens.
  virtual bool on_tick(std::uint64_t /*now_ns*/) { return false; }
  // One line for the log.
  virtual void report(config::LogLevel level, std::string_view line) = 0;
  // Draining, and the last connection is gone. May adopt another one, and is then called once more
  // when that one is gone.
  virtual void on_drained() {}
};

}  // namespace prefork::engine
