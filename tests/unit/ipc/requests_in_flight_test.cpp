#include "ipc/requests_in_flight.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

class RequestsInFlightTest : public testing::Test {
 protected:
  void show(std::uint32_t box, std::uint64_t id, RequestPhase phase, std::uint64_t started_ns = 1) {
    record_->unfinished_requests.box(box).set(started_ns, id, {}, "GET", "/" + std::to_string(id),
                                              phase);
  }
  // "id phase thread" of each.
  [[nodiscard]] std::vector<std::string> read() const {
    std::vector<std::string> lines;
    for (const RequestInFlight& one : read_requests_in_flight(*record_).named) {
      std::string line = std::to_string(one.request.request_id) + " ";
      line += to_string(one.request.phase);
      line += one.is_on_loop ? " loop" : "";
      line += one.pool_thread ? " pool-" + std::to_string(*one.pool_thread) : "";
      lines.push_back(line);
    }
    return lines;
  }

  std::unique_ptr<WorkerRecord> record_ = std::make_unique<WorkerRecord>();
};

using Lines = std::vector<std::string>;

TEST_F(RequestsInFlightTest, AFreshRecordHasNone) {
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(read_requests_in_flight(*record_).more, 0U);
}

TEST_F(RequestsInFlightTest, WhatThreadsRunComesFirstAndThenThePhasesWithTheOldestInFront) {
  record_->pool_requests[3].set(1, 2, {}, "GET", "/2");
  record_->loop_request.set(1, 1, {}, "GET", "/1");
  show(0, 3, RequestPhase::sending, 5);
  show(1, 4, RequestPhase::sending, 4);
  show(2, 5, RequestPhase::deferred);
  show(3, 6, RequestPhase::queued);
  show(4, 7, RequestPhase::reading);
  record_->unfinished_requests.set_more(3);
  EXPECT_EQ(read(), (Lines{"1 handling loop", "2 handling pool-3", "7 reading", "6 queued",
                           "5 deferred", "4 sending", "3 sending"}));
  EXPECT_EQ(read_requests_in_flight(*record_).more, 3U);
}

TEST_F(RequestsInFlightTest, ARequestIsThereOnceInTheLaterOfItsPhases) {
  record_->pool_requests[0].set(1, 11, {}, "GET", "/11");
  record_->pool_requests[1].set(1, 12, {}, "GET", "/12");
  record_->loop_request.set(1, 13, {}, "GET", "/13");
  show(0, 11, RequestPhase::queued);
  show(1, 12, RequestPhase::sending);
  show(2, 13, RequestPhase::reading);
  EXPECT_EQ(read(), (Lines{"13 handling loop", "11 handling pool-0", "12 sending pool-1"}));
}

TEST_F(RequestsInFlightTest, ThoseWithoutANumberAreNotTakenForOneAnother) {
  record_->loop_request.set(1, 0, {}, "GET", "/");
  show(0, 0, RequestPhase::reading);
  show(1, 0, RequestPhase::reading);
  EXPECT_EQ(read().size(), 3U);
}

TEST_F(RequestsInFlightTest, ARecordFullOfAnythingIsRead) {
  std::mt19937_64 random(11);
  std::vector<std::uint64_t> words(sizeof(WorkerRecord) / 8);
  for (int round = 0; round < 20; ++round) {
    for (std::uint64_t& word : words) {
      word = random();
    }
    std::memcpy(static_cast<void*>(record_.get()), words.data(), sizeof(WorkerRecord));
    EXPECT_LE(read_requests_in_flight(*record_).named.size(),
              1U + kMaxPoolThreads + InFlightTable::kBoxes);
  }
}

// At whatever instruction: the reader gets whole requests, and at most the one that was being
// written is missing.
TEST_F(RequestsInFlightTest, AWorkerKilledWhileItWritesLeavesWhatItHadWritten) {
  for (int round = 0; round < 20; ++round) {
    testing_ipc::SharedValue<WorkerRecord> record;
    testing_ipc::Gate begun;
    testing_ipc::ForkedChild worker([&] {
      InFlightTable& table = record->unfinished_requests;
      for (std::uint32_t box = 0; box < 8; ++box) {
        table.box(box).set(1, box + 1, {}, "GET", std::string(40, 'x'), RequestPhase::reading);
      }
      begun.open();
      for (std::uint32_t box = 0;; box = (box + 1) % 8) {
        table.box(box).move_to(RequestPhase::queued);
        table.box(box).clear();
        table.box(box).set(1, box + 1, {}, "GET", std::string(40, 'x'), RequestPhase::sending);
      }
    });
    begun.wait();
    worker.kill_and_wait();
    const RequestsInFlight found = read_requests_in_flight(*record);
    EXPECT_GE(found.named.size(), 7U);
    std::set<std::uint64_t> ids;
    for (const RequestInFlight& one : found.named) {
      EXPECT_EQ(one.request.path, std::string(40, 'x'));
      ids.insert(one.request.request_id);
    }
    EXPECT_EQ(ids.size(), found.named.size());
  }
}

TEST_F(RequestsInFlightTest, WhoComesAfterAnotherBeginsWithNone) {
  show(0, 1, RequestPhase::sending);
  show(1, 2, RequestPhase::sending);
  record_->unfinished_requests.set_more(5);
  record_->unfinished_requests.clear();
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(read_requests_in_flight(*record_).more, 0U);
  show(1, 3, RequestPhase::queued);
  EXPECT_EQ(read(), (Lines{"3 queued"}));
}

}  // namespace
}  // namespace prefork::ipc
