// All that is known of a process that has ended without being asked to: what the kernel says, what
// it had in hand, and what it has noted itself. Plain values, told as one object of JSON. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/crash_box.h"
#include "ipc/finished_ring.h"
#include "workers/master/narrator.h"
#include "workers/master/stack_frames.h"

namespace prefork::master {

struct LastWords {
  std::string_view role = "worker";
  std::uint32_t slot = 0;
  std::int32_t pid = 0;
  std::uint32_t generation = 0;
  supervision::Exit exit;
  std::string core_pattern;  // of the kernel, where a core was dumped
  std::uint64_t at_realtime_ns = 0;
  std::uint64_t age_ns = 0;
  std::uint64_t requests_served = 0;
  std::optional<std::uint64_t> oom_kills;  // in the cgroup since the last death; nobody knows
  AtWork at_work;
  std::vector<ipc::FinishedRequest> finished;
  std::optional<ipc::Crash> crash;
  std::vector<StackFrame> stack;  // of that
};

// As much of it as `limit` bytes hold: frames that are far from where it ended, and requests that
// ended long ago, are left out first, and then it says how many. Text of others can end neither a
// string nor the line.
std::string to_json(const LastWords& words, std::size_t limit);

}  // namespace prefork::master
