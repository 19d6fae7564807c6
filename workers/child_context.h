// What the master gives a child along: references to what the fork has copied. Lives in the child's
// outermost frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/options.h"
#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/leadership.h"
#include "ipc/segment.h"
#include "server/native_application.h"
#include "workers/log.h"

namespace prefork {

struct ChildContext {
  const Options& options;
  const std::vector<int>& listening_fds;
  const std::vector<bool> expects_preamble;  // of each of them; may be empty
  Segment& segment;
  const Inboxes& inboxes;
  Leadership& leadership;
  NativeApplication* preloaded;  // by the master; null: each worker loads for itself
  Log& log;
  ControlEnd& control;
  RecordId id;
  std::uint32_t epoch = 0;
  std::uint32_t generation = 0;
  std::int32_t master_pid = 0;
  std::uint64_t forked_ns = 0;  // CLOCK_MONOTONIC
  std::string statistics_url;   // empty: off
};

}  // namespace prefork
