// A process of a new program that does nothing but say whether it could go on where this one is: it
// reads what it would take over, and the configuration, and ends. Nobody waits for it: it is in the
// poll set, is reaped with all other processes, and has a bounded time. Master only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/load.h"
#include "ipc/base/owned_fd.h"
#include "workers/master/poll_set.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

class Canary {
 public:
  using TimePoint = supervision::TimePoint;

  // A program that has not answered by then hangs.
  static constexpr std::chrono::seconds kCheckTimeout{10};
  // Of what it says.
  static constexpr std::size_t kMaxSaidBytes = 4096;

  Canary() = default;
  ~Canary();
  Canary(const Canary&) = delete;
  Canary& operator=(const Canary&) = delete;

  // `inherited`: what it finds open, beside what is said of `state`; see ResumeOrder.
  config::Result<void> start(const std::string& program, const std::vector<std::string>& arguments,
                             const config::Environment& environment, int state,
                             std::vector<int> inherited, TimePoint now);
  // It is not asked any more.
  void stop();

  void watch(PollSet& polled);
  [[nodiscard]] std::optional<TimePoint> deadline() const { return deadline_; }
  void enforce(TimePoint now);
  // False: it is another process.
  bool on_reaped(supervision::Pid pid, const supervision::Exit& exit);

  // Once, when it has ended: it can, or why it cannot.
  std::optional<config::Result<void>> take_verdict();

 private:
  void read();
  [[nodiscard]] config::Result<void> judge(const supervision::Exit& exit);

  std::string program_;
  pid_t pid_ = -1;  // -1: none runs
  ipc::OwnedFd output_;
  std::string said_;
  std::optional<TimePoint> deadline_;
  bool is_late_ = false;
  std::vector<pid_t> stopped_;  // that are to be reaped yet
  std::optional<config::Result<void>> verdict_;
};

}  // namespace prefork::master
