#include "ipc/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <set>
#include <stdexcept>

#include "ipc/base/owned_fd.h"
#include "tests/unit/ipc/processes.h"
#include "tests/unit/ipc/segment_totals.h"

namespace prefork::ipc {
namespace {

using testing_ipc::address_of;
using testing_ipc::all_records;
using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using testing_ipc::total;

constexpr std::size_t kCacheLine = 64;

std::uintptr_t line_of(const void* object) { return address_of(object) / kCacheLine; }

template <typename Body>
bool aborts(Body body) {
  ForkedChild child([&body] {
    const OwnedFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    ::dup2(nowhere.get(), STDERR_FILENO);
    body();
  });
  return child.wait() == 128 + SIGABRT;
}

TEST(Segment, StartsWithAHeaderAndVacantRecords) {
  const Segment segment(4);
  EXPECT_EQ(segment.header().magic.load(), SegmentHeader::kMagic);
  EXPECT_EQ(segment.header().version.load(), kSegmentVersion);
  EXPECT_EQ(segment.header().slot_capacity.load(), 4U);
  EXPECT_EQ(segment.header().generation.load(), 1U);
  EXPECT_EQ(segment.header().state.load(), ServerState::starting);
  EXPECT_EQ(segment.slot_capacity(), 4U);
  EXPECT_EQ(segment.slots_in_use(), 0U);
  for (const Place id : all_records(segment)) {
    EXPECT_EQ(segment.record(id).state.load(), ProcessState::vacant);
    EXPECT_EQ(segment.record(id).epoch.load(), 0U);
    EXPECT_FALSE(segment.record(id).loop_request.get().has_value());
  }
  EXPECT_EQ(segment.notes(3).last_exit.get().kind, LastExit::Kind::none);
  EXPECT_EQ(total(segment, Counter::requests), 0U);
}

TEST(Segment, KeepsRecordsOfDifferentProcessesOnDifferentCacheLines) {
  EXPECT_EQ(sizeof(SegmentHeader) % kCacheLine, 0U);
  EXPECT_EQ(sizeof(SlotNotes) % kCacheLine, 0U);
  EXPECT_EQ(sizeof(WorkerRecord) % kCacheLine, 0U);
  const Segment segment(3);
  EXPECT_EQ(address_of(&segment.header()) % kCacheLine, 0U);
  EXPECT_EQ(address_of(&segment.notes(1)) % kCacheLine, 0U);
  EXPECT_EQ(address_of(&segment.retired()) % kCacheLine, 0U);
  for (const Place id : all_records(segment)) {
    EXPECT_EQ(address_of(&segment.record(id)) % kCacheLine, 0U);
  }
}

TEST(Segment, KeepsWhatDifferentWritersOfARecordWriteOnDifferentCacheLines) {
  const Segment segment(1);
  const WorkerRecord& record = segment.record({0, 0});
  const std::set<std::uintptr_t> lines = {line_of(&record.times.ready_monotonic_ns),
                                          line_of(&record.pulse.beat_ns),
                                          line_of(&record.load),
                                          line_of(&record.counters),
                                          line_of(&record.latency),
                                          line_of(&record.queue_wait)};
  EXPECT_EQ(lines.size(), 6U);
}

TEST(Segment, EveryRecordAndNoteHasMemoryOfItsOwn) {
  const Segment segment(kMaxSlots);
  std::uintptr_t end = address_of(&segment.header()) + sizeof(SegmentHeader);
  for (std::uint32_t slot = 0; slot < kMaxSlots; ++slot) {
    EXPECT_GE(address_of(&segment.notes(slot)), end);
    end = address_of(&segment.notes(slot)) + sizeof(SlotNotes);
  }
  EXPECT_GE(address_of(&segment.retired()), end);
  end = address_of(&segment.retired()) + sizeof(WorkerRecord);
  for (const Place id : all_records(segment)) {
    EXPECT_GE(address_of(&segment.record(id)), end);
    end = address_of(&segment.record(id)) + sizeof(WorkerRecord);
  }
  // The very last word is there: beyond the file's end it would be a bus error.
  segment.record({kMaxSlots - 1, 1}).pool_requests.back().set(1, 1, {}, "GET", "/last");
  EXPECT_EQ(segment.record({kMaxSlots - 1, 1}).pool_requests.back().get()->path, "/last");
}

TEST(Segment, AbortsOnRecordsThatDoNotExist) {
  const Segment segment(2);
  EXPECT_TRUE(aborts([&] { static_cast<void>(segment.record({2, 0})); }));
  EXPECT_TRUE(aborts([&] { static_cast<void>(segment.record({0, kSeatsPerSlot})); }));
  EXPECT_TRUE(aborts([&] { static_cast<void>(segment.notes(2)); }));
  EXPECT_TRUE(aborts([] { const Segment none(0); }));
  EXPECT_TRUE(aborts([] { const Segment too_large(kMaxSlots + 1); }));
  EXPECT_FALSE(aborts([&] { static_cast<void>(segment.record({1, kSeatsPerSlot - 1})); }));
}

TEST(Segment, AHostileNumberOfSlotsInUseIsClamped) {
  const Segment segment(4);
  for (const std::uint32_t hostile : {5U, 1000U, std::numeric_limits<std::uint32_t>::max()}) {
    segment.header().slots_in_use.store(hostile);
    EXPECT_EQ(segment.slots_in_use(), 4U);
  }
  segment.header().slot_capacity.store(1'000'000);
  EXPECT_EQ(segment.slot_capacity(), 4U) << "the capacity is never read back from shared memory";
  EXPECT_EQ(segment.slots_in_use(), 4U);
  segment.header().slots_in_use.store(3);
  EXPECT_EQ(segment.slots_in_use(), 3U);
}

TEST(LastExit, ComesBackAsItWasSet) {
  LastExitBox box;
  box.set({LastExit::Kind::signal, true, false, SIGSEGV, 4'000'000, 1'700'000'000'000'000'000});
  LastExit exit = box.get();
  EXPECT_EQ(exit.kind, LastExit::Kind::signal);
  EXPECT_TRUE(exit.core_dumped);
  EXPECT_FALSE(exit.asked_for);
  EXPECT_EQ(exit.number, SIGSEGV);
  EXPECT_EQ(exit.pid, 4'000'000);
  EXPECT_EQ(exit.at_realtime_ns, 1'700'000'000'000'000'000U);
  box.set({LastExit::Kind::code, false, true, -1, 7, 0});
  exit = box.get();
  EXPECT_EQ(exit.kind, LastExit::Kind::code);
  EXPECT_FALSE(exit.core_dumped);
  EXPECT_TRUE(exit.asked_for);
  EXPECT_EQ(exit.number, -1);
  EXPECT_EQ(exit.pid, 7);
}

TEST(Segment, WhatAWorkerCountedOutlivesIt) {
  Segment segment(1);
  Gate counted;
  ForkedChild worker([&] {
    segment.record({0, 0}).counters.add(Counter::requests, 41);
    counted.open();
    testing_ipc::stand_still();
  });
  counted.wait();
  ASSERT_EQ(worker.kill_and_wait(), 128 + SIGKILL);
  segment.fold({0, 0}, 0);
  ForkedChild successor([&] { segment.record({0, 0}).counters.add(Counter::requests); });
  ASSERT_EQ(successor.wait(), 0);
  EXPECT_EQ(total(segment, Counter::requests), 42U);
}

TEST(Segment, IsTheSameInAProcessThatHasItsMemoryAlone) {
  Segment segment(2);
  Segment other(OwnedFd(::fcntl(segment.fd(), F_DUPFD_CLOEXEC, 0)), 2);
  segment.record({1, 1}).counters.add(Counter::requests, 3);
  other.record({1, 1}).counters.add(Counter::requests, 4);
  other.close_memory();
  EXPECT_EQ(total(segment, Counter::requests), 7U);
  EXPECT_EQ(total(other, Counter::requests), 7U);
}

TEST(Segment, OfAnotherSizeOrVersionIsNotMapped) {
  Segment segment(2);
  const auto again = [&](std::uint32_t slots) {
    const Segment other(OwnedFd(::fcntl(segment.fd(), F_DUPFD_CLOEXEC, 0)), slots);
  };
  EXPECT_NO_THROW(again(2));
  for (const std::uint32_t slots : {0U, 1U, 3U, kMaxSlots + 1}) {
    EXPECT_THROW(again(slots), std::runtime_error) << slots;
  }
  segment.header().version.store(kSegmentVersion + 1);
  EXPECT_THROW(again(2), std::runtime_error);
}

TEST(SegmentReadOnly, ShowsWhatOthersWriteAfterwards) {
  Segment segment(1);
  segment.record({0, 0}).counters.add(Counter::requests, 1);
  Gate mapped;
  Gate written;
  ForkedChild observer([&] {
    segment.make_read_only();
    EXPECT_EQ(total(segment, Counter::requests), 1U);
    mapped.open();
    written.wait();
    EXPECT_EQ(total(segment, Counter::requests), 10U);
    EXPECT_EQ(segment.slots_in_use(), 1U);
  });
  mapped.wait();
  segment.record({0, 0}).counters.add(Counter::requests, 9);
  segment.header().slots_in_use.store(1);
  written.open();
  EXPECT_EQ(observer.wait(), 0);
}

TEST(SegmentReadOnly, AWriteIsASegmentationFault) {
  Segment segment(1);
  ForkedChild worker([&] { segment.record({0, 0}).pulse.beat_ns.store(1); });
  EXPECT_EQ(worker.wait(), 0) << "without the read-only mapping the same write works";
  ForkedChild observer([&] {
    segment.make_read_only();
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer may have taken it
    segment.record({0, 0}).pulse.beat_ns.store(2);
  });
  EXPECT_EQ(observer.wait(), 128 + SIGSEGV);
  ForkedChild observer_of_header([&] {
    segment.make_read_only();
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer may have taken it
    segment.header().state.store(ServerState::stopping);
  });
  EXPECT_EQ(observer_of_header.wait(), 128 + SIGSEGV);
  EXPECT_EQ(segment.record({0, 0}).pulse.beat_ns.load(), 1U);
}

TEST(SegmentReadOnly, StaysSoForGood) {
  Segment segment(1);
  ForkedChild observer([&] {
    segment.make_read_only();
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_NE(::mprotect(&segment.header(), page, PROT_READ | PROT_WRITE), 0);
    EXPECT_EQ(errno, EACCES);
  });
  EXPECT_EQ(observer.wait(), 0);
}

}  // namespace
}  // namespace prefork::ipc
