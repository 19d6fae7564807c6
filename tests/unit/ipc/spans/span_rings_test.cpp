// Spans on their way from a worker to the observer: what fits, who gets it, and what is left when
// somebody dies or lies.
#include "ipc/spans/span_rings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace prefork::ipc {
namespace {

OwnedFd copy_of(const SpanRings& rings) { return OwnedFd(::dup(rings.fd())); }

bool put(SpanRing& ring, std::uint64_t number) {
  SpanRecord* const record = ring.reserve();
  if (record == nullptr) {
    return false;
  }
  record->begin_unix_ns = number;
  ring.publish();
  return true;
}

std::vector<std::uint64_t> taken_from(SpanRing& ring, std::size_t most = 5'000) {
  std::vector<SpanRecord> records;
  ring.take(records, most);
  std::vector<std::uint64_t> numbers;
  for (const SpanRecord& record : records) {
    numbers.push_back(record.begin_unix_ns);
  }
  return numbers;
}

TEST(SpanRecords, HoldTextsAndAttributesInTheirRoom) {
  SpanRecord record;
  record.set_text(SpanText::method, "GET", 16);
  record.set_text(SpanText::route, "/items/{id}", 64);
  record.set_text(SpanText::host, "", 48);
  record.set_text(SpanText::path, std::string(500, 'p'), 120);
  record.set_text(SpanText::cut, "client", 8);
  record.add_attribute("a", "1");
  record.add_attribute(std::string(64, 'n'), std::string(128, 'v'));
  record.add_attribute(std::string(64, 'm'), std::string(128, 'w'));
  record.add_attribute("b", "");
  EXPECT_EQ(record.text(SpanText::method), "GET");
  EXPECT_EQ(record.text(SpanText::route), "/items/{id}");
  EXPECT_EQ(record.text(SpanText::host), "");
  EXPECT_EQ(record.text(SpanText::path), std::string(120, 'p'));
  EXPECT_EQ(record.text(SpanText::cut), "client");
  std::vector<std::string> names;
  record.for_each_attribute([&names](std::string_view name, std::string_view value) {
    names.push_back(std::string(name.substr(0, 1)) + std::to_string(value.size()));
  });
  EXPECT_EQ(names, (std::vector<std::string>{"a1", "n128", "b0"}));
  EXPECT_EQ(record.attributes_dropped, 1);
}

TEST(SpanRecords, OfNonsenseAreReadWithinTheirRoom) {
  SpanRecord record;
  std::memset(static_cast<void*>(&record), 0xff, sizeof record);
  const auto expect_inside = [&record](std::string_view text) {
    EXPECT_GE(text.data(), record.room.data());
    EXPECT_LE(text.data() + text.size(), record.room.data() + record.room.size());
  };
  for (std::size_t i = 0; i < SpanRecord::kTexts; ++i) {
    expect_inside(record.text(static_cast<SpanText>(i)));
  }
  const auto expect_both_inside = [&](std::string_view name, std::string_view value) {
    expect_inside(name);
    expect_inside(value);
  };
  record.for_each_attribute(expect_both_inside);
  record.sizes = {};
  record.for_each_attribute(expect_both_inside);
}

TEST(SpanRings, GiveWhatWasPutThereOnce) {
  const SpanRings rings(2);
  SpanRing& ring = rings.ring({1, 1});
  EXPECT_TRUE(ring.is_empty());
  EXPECT_TRUE(put(ring, 1));
  EXPECT_TRUE(put(ring, 2));
  EXPECT_TRUE(put(ring, 3));
  EXPECT_FALSE(ring.is_empty());
  EXPECT_TRUE(rings.ring({1, 0}).is_empty());
  EXPECT_EQ(taken_from(ring, 2), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(taken_from(ring), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(taken_from(ring), (std::vector<std::uint64_t>{}));
}

TEST(SpanRings, KnowWhichSlotsHaveBeenUsed) {
  const SpanRings rings(3);
  EXPECT_EQ(rings.slots_used(), 0U);
  EXPECT_EQ(&rings.ring_to_fill({1, 0}), &rings.ring({1, 0}));
  EXPECT_EQ(rings.slots_used(), 2U);
  static_cast<void>(rings.ring_to_fill({0, 1}));
  EXPECT_EQ(rings.slots_used(), 2U);
}

TEST(SpanRings, ThatAreFullTakeNoMoreUntilSomebodyHasTaken) {
  const SpanRings rings(1);
  SpanRing& ring = rings.ring({0, 0});
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < SpanRing::kSpans; ++i) {
      ASSERT_TRUE(put(ring, i));
    }
    EXPECT_FALSE(put(ring, 0));
    EXPECT_EQ(taken_from(ring).size(), SpanRing::kSpans);
  }
}

TEST(SpanRings, AreTheSameInEveryMapping) {
  const SpanRings rings(1);
  const SpanRings other(copy_of(rings), 1);
  EXPECT_TRUE(put(rings.ring({0, 0}), 7));
  rings.totals().sent = 5;
  EXPECT_EQ(taken_from(other.ring({0, 0})), (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(other.totals().sent, 5U);
  EXPECT_TRUE(rings.ring({0, 0}).is_empty());
  EXPECT_THROW(SpanRings(copy_of(rings), 2), std::runtime_error);
}

// A process that was killed while it filled one in has left nothing of it.
TEST(SpanRings, KeepWhatADeadWriterHadFinished) {
  const SpanRings rings(1);
  SpanRing& ring = rings.ring({0, 0});
  EXPECT_TRUE(put(ring, 1));
  ring.reserve()->begin_unix_ns = 99;
  EXPECT_TRUE(put(ring, 2)) << "the next process at its place";
  EXPECT_EQ(taken_from(ring), (std::vector<std::uint64_t>{1, 2}));
}

TEST(SpanRings, WhoseNumbersNobodyCanHaveWrittenAreEmptied) {
  const SpanRings rings(1);
  SpanRing& ring = rings.ring({0, 0});
  // What a worker that runs wild may leave in the first word.
  *reinterpret_cast<std::uint64_t*>(&ring) = 1'000'000;
  EXPECT_EQ(taken_from(ring), (std::vector<std::uint64_t>{}));
  EXPECT_TRUE(put(ring, 3));
  EXPECT_EQ(taken_from(ring), (std::vector<std::uint64_t>{3}));
}

}  // namespace
}  // namespace prefork::ipc
