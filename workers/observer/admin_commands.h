// POST /commands/{name}: what preforkctl orders, over the admin listener, and answered with what
// the master says. Only where --admin-token is set, or the listener is a Unix socket that nobody
// may connect to but its owner, and its group where --admin-mode says so: by the file's mode as it
// is then. A page of another site cannot order anything: it has no token, and where none is asked
// for it may not send the field Prefork-Command. One thread: the observer's event loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/options/options.h"
#include "ipc/frames.h"
#include "server/exchange/job.h"

namespace prefork::observer {

class AdminCommands {
 public:
  // So many may wait for their end; more are refused.
  static constexpr std::size_t kMaxWaiting = 16;

  // False: the master does not read.
  using PassOn = std::function<bool(const ipc::CommandFrame&)>;

  // `admin` outlives it.
  AdminCommands(const config::AdminOptions& admin, PassOn pass_on);

  // With the route's parameter `name`. Who has to send the token has done so.
  void take(std::unique_ptr<exchange::Job> job);
  // Of the master. False: it is not for one of these.
  bool answer(const ipc::OutcomeFrame& outcome);

  // Empty: whoever reaches the listener may command; else why not.
  [[nodiscard]] std::string obstacle() const;
  // Somebody is to be told something yet.
  [[nodiscard]] bool has_work() const { return !waiting_.empty(); }

 private:
  void pass_on(std::unique_ptr<exchange::Job> job, const ipc::CommandFrame& command);
  void forget_those_who_left();

  const config::AdminOptions& admin_;
  const PassOn pass_on_;
  std::map<std::uint64_t, std::unique_ptr<exchange::Job>> waiting_;  // by the command's id
  std::uint64_t last_id_;
};

}  // namespace prefork::observer
