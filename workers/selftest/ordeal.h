// One self-test under way: a server, its crowd of clients, what is done to both, and what of it was
// wrong. After each deed the server has to be whole again, within a time that has a name, and only
// requests that were under way while a worker died may be lost. One thread beside the crowd's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "workers/selftest/crowd.h"
#include "workers/selftest/schedule.h"
#include "workers/selftest/tested_server.h"

namespace prefork::selftest {

// What came of a deed.
struct Outcome {
  std::string text;  // for the line that is printed
  bool is_right = true;
};

struct Tally {
  std::uint64_t deeds = 0;
  std::uint64_t kills = 0;  // of workers
  std::uint64_t lost = 0;   // with a worker that had them in hand
  std::chrono::milliseconds slowest_replacement{0};
};

class Ordeal {
 public:
  // The server is ready, and outlives this.
  Ordeal(TestedServer& server, Schedule& schedule);

  // Does it and waits until the server is as it should be afterwards.
  Outcome run(Deed deed);
  // Ends the crowd and the server. What is wrong at the end, a line each.
  std::vector<std::string> finish();

  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] std::uint64_t answered() const { return crowd_.answered(); }

 private:
  struct Death {
    pid_t pid = 0;
    std::uint64_t connections = 0;  // that it had, at most
    Clock::time_point before;
    Clock::time_point gone;
  };

  Outcome kill_worker(Deed deed);
  Outcome pause_process(pid_t pid);
  Outcome kill_observer();
  Outcome kill_fork_server();
  // By a reload or an upgrade.
  Outcome replace_all(ipc::CommandKind how, bool is_broken);
  Outcome scale();
  Outcome restart_worker();
  // Of those that are ready, by chance.
  config::Result<Json> choose_worker();
  config::Result<std::chrono::milliseconds> wait_until_replaced(pid_t gone);
  // What is wrong with the losses since the last deed; empty: nothing.
  std::string judge_losses(const Death* death);
  std::string judge_statistics();

  TestedServer& server_;
  Schedule& schedule_;
  Crowd crowd_;
  Tally tally_;
  int workers_;  // that are wanted
  std::uint64_t requests_seen_ = 0;
  std::uint64_t closed_seen_ = 0;
  std::size_t descriptors_;
  std::uint64_t resident_bytes_;
};

}  // namespace prefork::selftest
