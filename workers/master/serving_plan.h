// What the processes of one generation are made from: the configuration and the sockets it names. A
// reload makes a new one and takes over the sockets that both name; one that no generation names
// any more is closed with the last plan that held it. Master only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/options/options.h"
#include "ipc/base/owned_fd.h"
#include "workers/child/child_context.h"
#include "workers/master/listening_socket.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

struct ServingPlan {
  config::Options options;
  std::vector<SharedSocket> sockets;     // at least one
  std::set<SharedSocket> with_preamble;  // of these: with the PROXY protocol
  std::vector<SharedSocket> admin;       // empty: off
  std::vector<SharedSocket> agent;       // likewise
  // What its workers load, whatever happens to the file; not valid: no application, or nobody can
  // make such a copy here.
  ipc::OwnedFd sealed_application;
  std::string build_id;  // of that; empty: it has none
  std::string note;      // for the log: what was decided differently than asked for

  // As a child inherits them.
  [[nodiscard]] std::vector<child::InheritedListener> listeners() const;
  [[nodiscard]] std::vector<child::InheritedListener> admin_listeners() const;
  [[nodiscard]] std::vector<std::string> urls() const;
  // "http://127.0.0.1:8001/stats"; empty without a TCP admin listener.
  [[nodiscard]] std::string statistics_url() const;
  // "http://127.0.0.1:8001" or "unix:/path"; empty: off.
  [[nodiscard]] std::string admin_url() const;
  // "127.0.0.1:8002"; empty: off.
  [[nodiscard]] std::string agent_address() const;
};

using SharedPlan = std::shared_ptr<const ServingPlan>;

// Opens what `options` names and none of the `living` plans has open already.
config::Result<SharedPlan, ListenError> make_serving_plan(const config::Options& options,
                                                          const std::vector<SharedPlan>& living);

// Room for more workers later (SIGTTIN, or a larger number on reload), in a master that begins with
// these options.
std::uint32_t slot_capacity(const config::Options& options);

// How the supervisor is to treat the processes of these options. Without the capacity, which is the
// master's.
supervision::Settings supervision_settings(const config::Options& options);
// With it.
supervision::Settings first_settings(const config::Options& options);

}  // namespace prefork::master
