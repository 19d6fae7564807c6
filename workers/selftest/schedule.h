// What a self-test does to a server, and in which order: rounds in which each deed comes once, in
// an order that the seed decides. The same seed does the same again. Plain values; one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace prefork::selftest {

enum class Deed : std::uint8_t {
  kill_worker,       // SIGKILL
  crash_worker,      // SIGSEGV
  hang_worker,       // SIGSTOP, until the master has replaced it
  pause_worker,      // SIGSTOP, and SIGCONT before it is missed
  pause_master,      // likewise
  kill_observer,     // SIGKILL
  kill_fork_server,  // SIGKILL; nothing where there is none
  reload,            // of a good configuration
  broken_reload,     // of one that has an error
  upgrade,           // to the same program
  broken_upgrade,    // to what is none
  scale,             // another number of workers
  restart_worker,    // by command
};

struct DeedText {
  Deed deed;
  std::string_view name;  // on the command line
  std::string_view text;  // in the line that is printed
};

inline constexpr std::array kDeedTexts = {
    DeedText{Deed::kill_worker, "kill", "SIGKILL to a worker"},
    DeedText{Deed::crash_worker, "crash", "SIGSEGV to a worker"},
    DeedText{Deed::hang_worker, "hang", "SIGSTOP to a worker, for ever"},
    DeedText{Deed::pause_worker, "pause", "SIGSTOP to a worker, for a moment"},
    DeedText{Deed::pause_master, "pause-master", "SIGSTOP to the master, for a moment"},
    DeedText{Deed::kill_observer, "observer", "SIGKILL to the observer"},
    DeedText{Deed::kill_fork_server, "fork-server", "SIGKILL to the fork server"},
    DeedText{Deed::reload, "reload", "reload"},
    DeedText{Deed::broken_reload, "broken-reload", "reload of a broken configuration"},
    DeedText{Deed::upgrade, "upgrade", "upgrade"},
    DeedText{Deed::broken_upgrade, "broken-upgrade", "upgrade to what is no program"},
    DeedText{Deed::scale, "scale", "another number of workers"},
    DeedText{Deed::restart_worker, "restart", "restart of a worker"},
};

std::string_view to_text(Deed deed);
// Nothing: no deed has that name.
std::optional<Deed> deed_of(std::string_view name);

class Schedule {
 public:
  // `deeds`: those of a round, at least one.
  Schedule(std::uint64_t seed, std::vector<Deed> deeds);

  Deed next();
  // All of the round were told; true at the start, too.
  [[nodiscard]] bool is_round_over() const { return at_ == round_.size(); }
  // Of the numbers below `bound`, which is at least one.
  std::uint32_t choose(std::uint32_t bound);
  // Before the next deed.
  std::chrono::milliseconds pause();

 private:
  std::mt19937_64 random_;
  std::vector<Deed> round_;
  std::size_t at_;
};

}  // namespace prefork::selftest
