#include "ipc/frames.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace prefork::ipc {
namespace {

constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kVersionAt = 2;
constexpr std::size_t kKindAt = 3;
constexpr std::size_t kEpochAt = 4;
constexpr std::size_t kNumberAt = 8;
constexpr std::size_t kTextSizeAt = 16;
constexpr std::size_t kTextAt = 20;

std::vector<Frame> one_of_each() {
  return {
      {1, ReadyFrame{1234}},
      {2, BootFailedFrame{"the port is taken"}},
      {3, AliveFrame{}},
      {4, RecycleFrame{}},
      {5, DrainFrame{DrainReason::stop}},
      {6, DrainFrame{DrainReason::replaced}},
      {7, DrainFrame{DrainReason::removed}},
      {std::numeric_limits<std::uint32_t>::max(), ReopenLogsFrame{}},
      {8, ForkedFrame{4711}},
      {9, CommandFrame{77, CommandKind::scale, 4, 4711}},
      {10, OutcomeFrame{77, Verdict::refused, "the last worker stays"}},
      {11, LogLevelFrame{2}},
      {12, OversizedFrame{{3, 1}, 9, 612U << 20}},
  };
}

template <typename Kind>
Kind round_trip(const Kind& message) {
  const auto decoded = decode(encode({42, message}));
  EXPECT_TRUE(std::holds_alternative<Frame>(decoded));
  const Frame& frame = std::get<Frame>(decoded);
  EXPECT_EQ(frame.epoch, 42U);
  EXPECT_TRUE(std::holds_alternative<Kind>(frame.message));
  return std::get<Kind>(frame.message);
}

std::optional<FrameError> error_of(const FrameBytes& bytes) {
  const auto decoded = decode(bytes);
  if (const FrameError* error = std::get_if<FrameError>(&decoded)) {
    return *error;
  }
  return std::nullopt;
}

// Whatever decodes is a message that could have been sent: encoded again it says the same.
bool is_error_or_sound(const FrameBytes& bytes) {
  const auto decoded = decode(bytes);
  if (std::holds_alternative<FrameError>(decoded)) {
    return std::string(to_string(std::get<FrameError>(decoded))) != "unknown error";
  }
  const FrameBytes canonical = encode(std::get<Frame>(decoded));
  const auto again = decode(canonical);
  return std::holds_alternative<Frame>(again) && encode(std::get<Frame>(again)) == canonical;
}

TEST(Frames, EveryMessageComesBackAsItWasSent) {
  EXPECT_EQ(round_trip(ReadyFrame{0}).boot_us, 0U);
  EXPECT_EQ(round_trip(ReadyFrame{kMaxNumber}).boot_us, kMaxNumber);
  EXPECT_EQ(round_trip(BootFailedFrame{""}).reason, "");
  EXPECT_EQ(round_trip(BootFailedFrame{"no such file: /srv/app.so"}).reason,
            "no such file: /srv/app.so");
  round_trip(AliveFrame{});
  for (const RecycleReason reason : {RecycleReason::share_served, RecycleReason::terminated,
                                     RecycleReason::lifetime, RecycleReason::stuck}) {
    EXPECT_EQ(round_trip(RecycleFrame{reason}).reason, reason);
  }
  round_trip(ReopenLogsFrame{});
  EXPECT_EQ(round_trip(ForkedFrame{4711}).pid, 4711);
  for (const DrainReason reason :
       {DrainReason::stop, DrainReason::replaced, DrainReason::removed, DrainReason::stuck}) {
    EXPECT_EQ(round_trip(DrainFrame{reason}).reason, reason);
  }
}

TEST(Frames, AWorkerThatIsTooLargeComesBackAsItWasSent) {
  const OversizedFrame frame = round_trip(OversizedFrame{{3, 1}, 9, kMaxNumber});
  EXPECT_EQ(frame.at, (Place{3, 1}));
  EXPECT_EQ(frame.epoch, 9U);
  EXPECT_EQ(frame.bytes, kMaxNumber);
}

TEST(Frames, ASeatThatNoSlotHasIsAnError) {
  EXPECT_EQ(error_of(encode({1, OversizedFrame{{0, kSeatsPerSlot}, 9, 1}})), FrameError::value);
}

// What somebody else has to say of it.
TEST(Frames, AWishThatNoProcessHasOfItselfIsAnError) {
  for (const RecycleReason reason : {RecycleReason::ordered, RecycleReason::memory}) {
    EXPECT_EQ(error_of(encode({1, RecycleFrame{reason}})), FrameError::value);
  }
}

TEST(Frames, CommandsAndOutcomesComeBackAsTheyWereSent) {
  const CommandFrame command =
      round_trip(CommandFrame{kMaxNumber, CommandKind::log_level, 0xFFFFFFFF, -1});
  EXPECT_EQ(command.id, kMaxNumber);
  EXPECT_EQ(command.kind, CommandKind::log_level);
  EXPECT_EQ(command.argument, 0xFFFFFFFFU);
  EXPECT_EQ(command.sender, -1);
  const std::string longest(kMaxFrameText - 1, 'x');
  const OutcomeFrame outcome = round_trip(OutcomeFrame{5, Verdict::failed, longest + "y"});
  EXPECT_EQ(outcome.id, 5U);
  EXPECT_EQ(outcome.verdict, Verdict::failed);
  EXPECT_EQ(outcome.text, longest);
  EXPECT_EQ(round_trip(LogLevelFrame{6}).level, 6U);
}

TEST(Frames, NoCommandVerdictOrLogLevelIsBelievedThatThereIsNot) {
  FrameBytes bytes = encode({1, CommandFrame{}});
  for (const int kind : {0, 11, 255}) {
    bytes[kTextAt] = static_cast<std::byte>(kind);
    EXPECT_EQ(error_of(bytes), FrameError::value);
  }
  bytes[kTextSizeAt] = std::byte{4};
  EXPECT_EQ(error_of(bytes), FrameError::length);
  bytes = encode({1, OutcomeFrame{}});
  for (const int verdict : {0, 4, 255}) {
    bytes[kTextAt] = static_cast<std::byte>(verdict);
    EXPECT_EQ(error_of(bytes), FrameError::value);
  }
  bytes[kTextSizeAt] = std::byte{0};
  EXPECT_EQ(error_of(bytes), FrameError::length);
  bytes = encode({1, LogLevelFrame{}});
  bytes[kNumberAt] = std::byte{7};
  EXPECT_EQ(error_of(bytes), FrameError::value);
}

TEST(Frames, EveryEpochComesBack) {
  for (const std::uint32_t epoch : {0U, 1U, 0x01020304U, 0xFFFFFFFFU}) {
    const auto decoded = decode(encode({epoch, AliveFrame{}}));
    ASSERT_TRUE(std::holds_alternative<Frame>(decoded));
    EXPECT_EQ(std::get<Frame>(decoded).epoch, epoch);
  }
}

TEST(Frames, KeepsAReasonThatFillsTheFrameAndCutsALongerOne) {
  std::string reason;
  for (std::size_t i = 0; i < kMaxFrameText + 1000; ++i) {
    reason += static_cast<char>('a' + i % 26);
  }
  EXPECT_EQ(round_trip(BootFailedFrame{reason.substr(0, kMaxFrameText)}).reason,
            reason.substr(0, kMaxFrameText));
  EXPECT_EQ(round_trip(BootFailedFrame{reason.substr(0, kMaxFrameText + 1)}).reason,
            reason.substr(0, kMaxFrameText));
  EXPECT_EQ(round_trip(BootFailedFrame{reason}).reason, reason.substr(0, kMaxFrameText));
}

TEST(Frames, TextMayHoldAnyByte) {
  const std::string reason("a\0b\n\xff", 5);
  EXPECT_EQ(round_trip(BootFailedFrame{reason}).reason, reason);
}

TEST(Frames, LieInMemoryAsTheHeaderSays) {
  const FrameBytes bytes = encode({0x01020304, BootFailedFrame{"why"}});
  EXPECT_EQ(bytes[0], std::byte{'F'});
  EXPECT_EQ(bytes[1], std::byte{'P'});
  EXPECT_EQ(bytes[kVersionAt], std::byte{kFrameVersion});
  EXPECT_EQ(bytes[kKindAt], std::byte{2});
  std::uint32_t epoch = 0;
  std::memcpy(&epoch, &bytes[kEpochAt], sizeof epoch);
  EXPECT_EQ(epoch, 0x01020304U);
  std::uint16_t text_size = 0;
  std::memcpy(&text_size, &bytes[kTextSizeAt], sizeof text_size);
  EXPECT_EQ(text_size, 3U);
  EXPECT_EQ(std::memcmp(&bytes[kTextAt], "why", 3), 0);
  for (std::size_t i = kTextAt + 3; i < kFrameSize; ++i) {
    ASSERT_EQ(bytes[i], std::byte{0}) << "nothing of this process's memory leaves with a frame";
  }
}

TEST(Frames, AreTheSameBytesEachTime) {
  for (const Frame& frame : one_of_each()) {
    EXPECT_EQ(encode(frame), encode(frame));
  }
}

TEST(Frames, AnotherMagicOrVersionIsAnError) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    FrameBytes bytes = encode({1, AliveFrame{}});
    bytes[at] ^= std::byte{0x01};
    EXPECT_EQ(error_of(bytes), FrameError::magic);
  }
  for (const int version : {0, kFrameVersion + 1, 255}) {
    FrameBytes bytes = encode({1, AliveFrame{}});
    bytes[kVersionAt] = static_cast<std::byte>(version);
    EXPECT_EQ(error_of(bytes), FrameError::version);
  }
  EXPECT_EQ(error_of(FrameBytes{}), FrameError::magic);
}

TEST(Frames, AnUnknownKindIsAnError) {
  FrameBytes bytes = encode({1, ReopenLogsFrame{}});
  for (int kind = 0; kind < 256; ++kind) {
    bytes[kKindAt] = static_cast<std::byte>(kind);
    const bool known = kind >= static_cast<int>(FrameKind::ready) &&
                       kind <= static_cast<int>(FrameKind::oversized);
    if (!known) {
      EXPECT_EQ(error_of(bytes), FrameError::kind) << "kind " << kind;
    } else if (kind == static_cast<int>(FrameKind::drain)) {
      EXPECT_EQ(error_of(bytes), FrameError::value) << "a drain without a reason";
    } else if (kind == static_cast<int>(FrameKind::command) ||
               kind == static_cast<int>(FrameKind::outcome) ||
               kind == static_cast<int>(FrameKind::oversized)) {
      EXPECT_EQ(error_of(bytes), FrameError::length) << "there is nothing in it";
    } else if (kind == static_cast<int>(FrameKind::recycle)) {
      EXPECT_EQ(error_of(bytes), FrameError::value) << "a wish without a reason";
    } else if (kind == static_cast<int>(FrameKind::forked)) {
      EXPECT_EQ(error_of(bytes), FrameError::value) << "a process without a number";
    } else {
      EXPECT_EQ(error_of(bytes), std::nullopt) << "kind " << kind;
    }
  }
}

TEST(Frames, ATextLengthBeyondTheFrameIsAnError) {
  FrameBytes bytes = encode({1, BootFailedFrame{"x"}});
  for (const std::size_t size : {kMaxFrameText + 1, kFrameSize, std::size_t{65535}}) {
    const auto hostile = static_cast<std::uint16_t>(size);
    std::memcpy(&bytes[kTextSizeAt], &hostile, sizeof hostile);
    EXPECT_EQ(error_of(bytes), FrameError::length) << size;
  }
  const auto largest = static_cast<std::uint16_t>(kMaxFrameText);
  std::memcpy(&bytes[kTextSizeAt], &largest, sizeof largest);
  EXPECT_EQ(error_of(bytes), std::nullopt);
}

TEST(Frames, ADrainForAnUnknownReasonIsAnError) {
  const FrameBytes drain = encode({1, DrainFrame{DrainReason::stop}});
  int accepted = 0;
  for (std::uint64_t reason = 0; reason < 1024; ++reason) {
    FrameBytes bytes = drain;
    // What is more than a byte is no reason either, whatever its lowest byte says.
    const std::uint64_t number = reason < 512 ? reason : kMaxNumber << 8 | (reason & 0xFF);
    std::memcpy(&bytes[kNumberAt], &number, sizeof number);
    const auto error = error_of(bytes);
    accepted += error ? 0 : 1;
    if (error) {
      EXPECT_EQ(*error, FrameError::value);
    }
  }
  EXPECT_EQ(accepted, 4);
}

TEST(Frames, EveryCorruptionOfOneByteIsAnErrorOrASoundMessage) {
  for (const Frame& frame : one_of_each()) {
    const FrameBytes sent = encode(frame);
    for (std::size_t at = 0; at < kFrameSize; ++at) {
      for (unsigned flip = 1; flip < 256; ++flip) {
        FrameBytes bytes = sent;
        bytes[at] ^= static_cast<std::byte>(flip);
        ASSERT_TRUE(is_error_or_sound(bytes)) << "byte " << at << ", flipped by " << flip;
      }
    }
  }
}

TEST(Frames, AnyBytesAreAnErrorOrASoundMessage) {
  std::mt19937 random(17);
  const FrameBytes header = encode({1, AliveFrame{}});
  for (int round = 0; round < 20'000; ++round) {
    FrameBytes bytes;
    for (std::byte& byte : bytes) {
      byte = static_cast<std::byte>(random());
    }
    ASSERT_TRUE(is_error_or_sound(bytes));
    // Past the first two checks, where there is more to get wrong.
    std::memcpy(bytes.data(), header.data(), kKindAt);
    bytes[kKindAt] = static_cast<std::byte>(random() % 8);
    ASSERT_TRUE(is_error_or_sound(bytes));
    bytes[kTextSizeAt + 1] = std::byte{0};
    ASSERT_TRUE(is_error_or_sound(bytes));
  }
}

TEST(Frames, EveryErrorHasATextOfItsOwn) {
  std::set<std::string> texts;
  for (const FrameError error : {FrameError::magic, FrameError::version, FrameError::kind,
                                 FrameError::length, FrameError::value}) {
    texts.insert(to_string(error));
  }
  EXPECT_EQ(texts.size(), 5U);
  EXPECT_EQ(texts.count("unknown error"), 0U);
}

}  // namespace
}  // namespace prefork::ipc
