#include "ipc/shared/topic.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::SharedValue;

class Topics : public testing::Test {
 protected:
  static constexpr Topic::Shape kShape{4, 20};
  struct Memory {
    TopicState state;
    alignas(8) std::array<std::byte, 256> cells{};
  };

  void SetUp() override { ASSERT_LE(Topic::bytes_for(kShape), sizeof(Memory::cells)); }
  Topic topic() { return {memory_->state, memory_->cells.data(), kShape}; }
  Outcome publish(const std::string& piece) {
    return topic().publish(std::as_bytes(std::span(piece)));
  }
  std::vector<std::string> read_all(Topic::Cursor& cursor) {
    std::vector<std::string> pieces;
    for (std::string piece; topic().read(cursor, piece);) {
      pieces.push_back(piece);
    }
    return pieces;
  }

  SharedValue<Memory> memory_;
};

using Pieces = std::vector<std::string>;

TEST_F(Topics, GiveEachReaderEveryPieceInTheOrderOfPublication) {
  Topic::Cursor first;
  Topic::Cursor second;
  EXPECT_EQ(read_all(first), Pieces{});
  EXPECT_EQ(publish("one"), Outcome::done);
  EXPECT_EQ(publish(""), Outcome::done);
  EXPECT_EQ(read_all(first), (Pieces{"one", ""}));
  EXPECT_EQ(publish("twenty bytes exactly"), Outcome::done);
  EXPECT_EQ(read_all(first), (Pieces{"twenty bytes exactly"}));
  EXPECT_EQ(read_all(second), (Pieces{"one", "", "twenty bytes exactly"}));
  EXPECT_EQ(first.lost + second.lost, 0u);
}

TEST_F(Topics, BeginForAReaderWhereItCame) {
  publish("before");
  Topic::Cursor cursor{topic().published(), 0};
  publish("after");
  EXPECT_EQ(read_all(cursor), (Pieces{"after"}));
}

TEST_F(Topics, TellWhoIsTooSlowHowMuchWasLost) {
  Topic::Cursor cursor;
  for (int i = 0; i < 7; ++i) {
    publish(std::to_string(i));
  }
  EXPECT_EQ(read_all(cursor), (Pieces{"3", "4", "5", "6"}));
  EXPECT_EQ(cursor.lost, 3u);
  EXPECT_EQ(memory_->state.lost, 3u);
}

TEST_F(Topics, LoseNothingOfWhoKeepsUpAndNeverTearAPiece) {
  constexpr int kEach = 2'000;
  const auto tell = [this](char letter) {
    for (int i = 0; i < kEach; ++i) {
      const std::string piece(1 + static_cast<std::size_t>(i % 20), letter);
      while (publish(piece) != Outcome::done) {
        // The other one was interrupted within its copy.
      }
    }
  };
  ForkedChild a([&] { tell('a'); });
  ForkedChild b([&] { tell('b'); });
  Topic::Cursor cursor;
  std::uint64_t got = 0;
  std::string piece;
  while (got + cursor.lost < 2 * kEach) {
    if (!topic().read(cursor, piece)) {
      std::this_thread::yield();
      continue;
    }
    ++got;
    ASSERT_TRUE(!piece.empty() && piece == std::string(piece.size(), piece.front())) << piece;
  }
  EXPECT_EQ(a.wait(), 0);
  EXPECT_EQ(b.wait(), 0);
  EXPECT_EQ(topic().published(), 2u * kEach);
}

TEST_F(Topics, BelieveNothingThatOthersWrote) {
  publish("something");
  for (const int byte : {0xFF, 0x5A, 0x01}) {
    std::memset(memory_->cells.data(), byte, sizeof(Memory::cells));
    for (const std::uint64_t published : {std::uint64_t{1}, std::uint64_t{1} << 60, UINT64_MAX}) {
      memory_->state.published = published;
      Topic::Cursor cursor;
      for (const std::string& piece : read_all(cursor)) {
        EXPECT_LE(piece.size(), kShape.cell_bytes);
      }
      EXPECT_EQ(cursor.next, published);
    }
  }
}

}  // namespace
}  // namespace prefork::ipc
