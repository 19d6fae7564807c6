// Follows how many workers `--workers auto` means, for the CPU quota of a container and the CPUs a
// process may run on change while it runs. Looked at, not waited for: the kernel tells nobody when
// a quota changes (cgroups(7)). Master only.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "config/checks/cpu_count.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

class CpuWatch {
 public:
  // A few small files, a few tens of microseconds.
  static constexpr std::chrono::seconds kLookEvery{2};

  struct Change {
    config::AutoWorkers before;
    config::AutoWorkers now;
  };

  // `root` is the folder that holds `proc` and `sys`.
  explicit CpuWatch(std::filesystem::path root = "/");

  // Where it is time to: looks, and says what has become another number of workers since the last
  // one it has said, or since it was made. Nothing is looked at while nobody wants to know.
  std::optional<Change> look(bool is_wanted, supervision::TimePoint now);
  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const { return due_; }

 private:
  [[nodiscard]] config::AutoWorkers read() const;

  std::filesystem::path root_;
  config::AutoWorkers known_;
  std::optional<supervision::TimePoint> due_;  // none: nobody wants to know
};

}  // namespace prefork::master
