#include "ipc/frames.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace prefork::ipc {

namespace {

constexpr std::uint16_t kMagic = 0x5046;

struct Wire {
  std::uint16_t magic = kMagic;
  std::uint8_t version = kFrameVersion;
  std::uint8_t kind = 0;
  std::uint32_t epoch = 0;
  std::uint64_t number = 0;
  std::uint16_t text_size = 0;
  std::uint16_t zero = 0;
  std::array<char, kMaxFrameText> text{};
};
static_assert(offsetof(Wire, text) == 20);
static_assert(sizeof(Wire) == kFrameSize);

void put(Wire& wire, const ReadyFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::ready);
  wire.number = frame.boot_us;
}
void put(Wire& wire, const BootFailedFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::boot_failed);
  const std::size_t size = std::min(frame.reason.size(), kMaxFrameText);
  wire.text_size = static_cast<std::uint16_t>(size);
  std::memcpy(wire.text.data(), frame.reason.data(), size);
}
void put(Wire& wire, const AliveFrame&) { wire.kind = static_cast<std::uint8_t>(FrameKind::alive); }
void put(Wire& wire, const RecycleFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::recycle);
  wire.number = static_cast<std::uint64_t>(frame.reason);
}
void put(Wire& wire, const DrainFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::drain);
  wire.number = static_cast<std::uint64_t>(frame.reason);
}
void put(Wire& wire, const ReopenLogsFrame&) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::reopen_logs);
}

void put(Wire& wire, const ForkedFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::forked);
  wire.number = static_cast<std::uint64_t>(frame.pid);
}

// The text of a CommandFrame.
struct WireCommand {
  std::uint32_t kind = 0;
  std::uint32_t argument = 0;
  std::int32_t sender = 0;
};

void put(Wire& wire, const CommandFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::command);
  wire.number = frame.id;
  const WireCommand command{static_cast<std::uint32_t>(frame.kind), frame.argument, frame.sender};
  wire.text_size = sizeof command;
  std::memcpy(wire.text.data(), &command, sizeof command);
}

// The verdict is the first byte of the text.
void put(Wire& wire, const OutcomeFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::outcome);
  wire.number = frame.id;
  const std::size_t size = std::min(frame.text.size(), kMaxFrameText - 1);
  wire.text_size = static_cast<std::uint16_t>(size + 1);
  wire.text[0] = static_cast<char>(frame.verdict);
  std::memcpy(wire.text.data() + 1, frame.text.data(), size);
}

void put(Wire& wire, const LogLevelFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::log_level);
  wire.number = frame.level;
}

// The text of an OversizedFrame.
struct WireOversized {
  std::uint32_t slot = 0;
  std::uint32_t seat = 0;
  std::uint32_t epoch = 0;
};

void put(Wire& wire, const OversizedFrame& frame) {
  wire.kind = static_cast<std::uint8_t>(FrameKind::oversized);
  wire.number = frame.bytes;
  const WireOversized worker{frame.at.slot, frame.at.seat, frame.epoch};
  wire.text_size = sizeof worker;
  std::memcpy(wire.text.data(), &worker, sizeof worker);
}

std::variant<Frame, FrameError> decode_command(const Wire& wire) {
  WireCommand command;
  if (wire.text_size != sizeof command) {
    return FrameError::length;
  }
  std::memcpy(&command, wire.text.data(), sizeof command);
  if (command.kind < static_cast<std::uint32_t>(CommandKind::statistics) ||
      command.kind > static_cast<std::uint32_t>(kLastCommand)) {
    return FrameError::value;
  }
  return Frame{wire.epoch, CommandFrame{wire.number, static_cast<CommandKind>(command.kind),
                                        command.argument, command.sender}};
}

std::variant<Frame, FrameError> decode_outcome(const Wire& wire) {
  if (wire.text_size == 0) {
    return FrameError::length;
  }
  const auto verdict = static_cast<Verdict>(wire.text[0]);
  if (verdict < Verdict::done || verdict > Verdict::failed) {
    return FrameError::value;
  }
  return Frame{wire.epoch, OutcomeFrame{wire.number, verdict,
                                        std::string(wire.text.data() + 1, wire.text_size - 1U)}};
}

std::variant<Frame, FrameError> decode_log_level(const Wire& wire) {
  if (wire.number >= kLogLevels) {
    return FrameError::value;
  }
  return Frame{wire.epoch, LogLevelFrame{static_cast<std::uint32_t>(wire.number)}};
}

std::variant<Frame, FrameError> decode_forked(const Wire& wire) {
  constexpr std::uint64_t kLargestPid = 1U << 22;  // proc(5), pid_max
  if (wire.number == 0 || wire.number > kLargestPid) {
    return FrameError::value;
  }
  return Frame{wire.epoch, ForkedFrame{static_cast<std::int32_t>(wire.number)}};
}

std::variant<Frame, FrameError> decode_drain(const Wire& wire) {
  if (wire.number < static_cast<std::uint64_t>(DrainReason::stop) ||
      wire.number > static_cast<std::uint64_t>(DrainReason::stuck)) {
    return FrameError::value;
  }
  return Frame{wire.epoch, DrainFrame{static_cast<DrainReason>(wire.number)}};
}

std::variant<Frame, FrameError> decode_recycle(const Wire& wire) {
  // What a process can want of itself.
  for (const RecycleReason reason : {RecycleReason::share_served, RecycleReason::terminated,
                                     RecycleReason::lifetime, RecycleReason::stuck}) {
    if (wire.number == static_cast<std::uint64_t>(reason)) {
      return Frame{wire.epoch, RecycleFrame{reason}};
    }
  }
  return FrameError::value;
}

std::variant<Frame, FrameError> decode_oversized(const Wire& wire) {
  WireOversized worker;
  if (wire.text_size != sizeof worker) {
    return FrameError::length;
  }
  std::memcpy(&worker, wire.text.data(), sizeof worker);
  if (worker.seat >= kSeatsPerSlot) {
    return FrameError::value;
  }
  return Frame{wire.epoch, OversizedFrame{{worker.slot, worker.seat}, worker.epoch, wire.number}};
}

}  // namespace

FrameBytes encode(const Frame& frame) {
  Wire wire;
  wire.epoch = frame.epoch;
  std::visit([&wire](const auto& message) { put(wire, message); }, frame.message);
  FrameBytes bytes;
  std::memcpy(bytes.data(), &wire, kFrameSize);
  return bytes;
}

std::variant<Frame, FrameError> decode(std::span<const std::byte, kFrameSize> bytes) {
  Wire wire;
  std::memcpy(&wire, bytes.data(), kFrameSize);
  if (wire.magic != kMagic) {
    return FrameError::magic;
  }
  if (wire.version != kFrameVersion) {
    return FrameError::version;
  }
  if (wire.text_size > kMaxFrameText) {
    return FrameError::length;
  }
  switch (static_cast<FrameKind>(wire.kind)) {
    case FrameKind::ready:
      return Frame{wire.epoch, ReadyFrame{wire.number}};
    case FrameKind::boot_failed:
      return Frame{wire.epoch, BootFailedFrame{std::string(wire.text.data(), wire.text_size)}};
    case FrameKind::alive:
      return Frame{wire.epoch, AliveFrame{}};
    case FrameKind::recycle:
      return decode_recycle(wire);
    case FrameKind::drain:
      return decode_drain(wire);
    case FrameKind::reopen_logs:
      return Frame{wire.epoch, ReopenLogsFrame{}};
    case FrameKind::forked:
      return decode_forked(wire);
    case FrameKind::command:
      return decode_command(wire);
    case FrameKind::outcome:
      return decode_outcome(wire);
    case FrameKind::log_level:
      return decode_log_level(wire);
    case FrameKind::oversized:
      return decode_oversized(wire);
  }
  return FrameError::kind;
}

const char* to_string(FrameError error) {
  switch (error) {
    case FrameError::magic:
      return "not a control frame";
    case FrameError::version:
      return "unknown frame version";
    case FrameError::kind:
      return "unknown frame kind";
    case FrameError::length:
      return "impossible text length";
    case FrameError::value:
      return "impossible value";
  }
  return "unknown error";
}

}  // namespace prefork::ipc
