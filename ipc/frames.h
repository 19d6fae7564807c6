// The control protocol between the master and its children, complete: one pipe each way, frames of
// one fixed size below PIPE_BUF, so that a write is whole or refused (pipe(7)). This header is the
// protocol's document. The same frames go over the control socket, between preforkctl and the
// observer: only commands one way, only outcomes the other, with epoch 0.
//
//   offset  size  field
//   0       2     magic 0x5046 ("FP" in memory)
//   2       1     version, kFrameVersion
//   3       1     kind, FrameKind
//   4       4     epoch of the child that sends or is meant
//   8       8     number; what it means depends on the kind
//   16      2     length of the text
//   18      2     zero
//   20      236   text, not terminated
//
// Integers are in the machine's own byte order: both ends are forks of one program. A frame that
// cannot be understood decodes to FrameError, a value: neither side ever fails because of what the
// other one wrote.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "ipc/base/process_id.h"
#include "ipc/commands.h"

namespace prefork::ipc {

inline constexpr std::size_t kFrameSize = 256;
inline constexpr std::size_t kMaxFrameText = kFrameSize - 20;
inline constexpr std::uint8_t kFrameVersion = 4;

using FrameBytes = std::array<std::byte, kFrameSize>;

enum class FrameKind : std::uint8_t {
  ready = 1,
  boot_failed = 2,
  alive = 3,
  recycle = 4,
  drain = 5,
  reopen_logs = 6,
  forked = 7,
  command = 8,
  outcome = 9,
  log_level = 10,
  oversized = 11,
};

// Child of a fork server to master, its first: it exists and is the master's child now.
struct ForkedFrame {
  std::int32_t pid = 0;
};
// Child to master: it serves. `boot_us`: from its first instruction to this frame.
struct ReadyFrame {
  std::uint64_t boot_us = 0;
};
// Child to master: it cannot serve, in its own words; it exits right after. Cut after
// kMaxFrameText bytes.
struct BootFailedFrame {
  std::string reason;
};
// Observer to master, several times within the health check's time: its event loop runs. (Workers
// beat in the segment.)
struct AliveFrame {};
// Child to master: it wants a successor, and goes on until that is ready or it is asked to leave.
struct RecycleFrame {
  RecycleReason reason = RecycleReason::share_served;
};
// Observer to master: the worker in this place has more memory than it may have.
struct OversizedFrame {
  Place at;
  std::uint32_t epoch = 0;  // of that worker
  std::uint64_t bytes = 0;  // its part of what it shares included
};

// Master to child: finish what runs and exit with code 0. The master keeps the deadline.
struct DrainFrame {
  DrainReason reason = DrainReason::stop;
};
// Master to child: open the log files anew.
struct ReopenLogsFrame {};

// Observer to master, and preforkctl to observer: an operator's order. Whoever sends it chooses the
// id; the outcome has the same.
struct CommandFrame {
  std::uint64_t id = 0;
  CommandKind kind = CommandKind::statistics;
  std::uint32_t argument = 0;
  // The process that asks, where the observer knows it, or kAdminListener.
  std::int32_t sender = 0;
};
// Somebody who asks over HTTP.
inline constexpr std::int32_t kAdminListener = -1;
inline constexpr std::uint32_t kMaxCommandArgument = 1'000'000;
// The other way: it has happened, or why not. The text is cut after kMaxFrameText - 1 bytes.
struct OutcomeFrame {
  std::uint64_t id = 0;
  Verdict verdict = Verdict::done;
  std::string text;
};
// Master to child: the least severity that is logged from now on.
struct LogLevelFrame {
  std::uint32_t level = 0;
};

using Message =
    std::variant<ReadyFrame, BootFailedFrame, AliveFrame, RecycleFrame, DrainFrame, ReopenLogsFrame,
                 ForkedFrame, CommandFrame, OutcomeFrame, LogLevelFrame, OversizedFrame>;

struct Frame {
  std::uint32_t epoch = 0;
  Message message;
};

enum class FrameError : std::uint8_t { magic, version, kind, length, value };

FrameBytes encode(const Frame& frame);
std::variant<Frame, FrameError> decode(std::span<const std::byte, kFrameSize> bytes);

const char* to_string(FrameError error);

}  // namespace prefork::ipc
