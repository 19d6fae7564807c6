#include "server/exchange/in_flight_ledger.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ipc/requests_in_flight.h"

namespace prefork::exchange {
namespace {

using ipc::RequestPhase;
using Entry = InFlightLedger::Entry;

class InFlightLedgerTest : public testing::Test {
 protected:
  Entry show(Entry entry, RequestPhase phase, std::uint64_t id) {
    http::Request request;
    const std::string path = "/" + std::to_string(id);
    request.method_text = "GET";
    request.path = path;
    request.id = id;
    return ledger_.show(entry, phase, request, 1);
  }
  Entry show_new(RequestPhase phase, std::uint64_t id) {
    return show(InFlightLedger::kNone, phase, id);
  }
  [[nodiscard]] std::map<std::uint64_t, RequestPhase> named() const {
    std::map<std::uint64_t, RequestPhase> phases;
    for (const auto& one : ipc::read_requests_in_flight(*record_).named) {
      phases[one.request.request_id] = one.request.phase;
      EXPECT_EQ(one.request.path, "/" + std::to_string(one.request.request_id));
    }
    return phases;
  }
  [[nodiscard]] std::uint32_t more() const { return ipc::read_requests_in_flight(*record_).more; }

  std::unique_ptr<ipc::WorkerRecord> record_ = std::make_unique<ipc::WorkerRecord>();
  InFlightLedger ledger_{*record_};
};

using Named = std::map<std::uint64_t, RequestPhase>;

TEST_F(InFlightLedgerTest, ShowsARequestInEachPhaseUntilItIsFinished) {
  Entry entry = show_new(RequestPhase::reading, 7);
  EXPECT_NE(entry, InFlightLedger::kNone);
  EXPECT_EQ(named(), (Named{{7, RequestPhase::reading}}));
  entry = show(entry, RequestPhase::queued, 7);
  EXPECT_EQ(named(), (Named{{7, RequestPhase::queued}}));
  entry = show(entry, RequestPhase::sending, 7);
  EXPECT_EQ(named(), (Named{{7, RequestPhase::sending}}));
  ledger_.hide(entry);
  EXPECT_TRUE(named().empty());
}

TEST_F(InFlightLedgerTest, HidingWhatIsNotShownIsNothing) {
  ledger_.hide(InFlightLedger::kNone);
  EXPECT_EQ(more(), 0U);
}

TEST_F(InFlightLedgerTest, ManyOfOnePhaseLeaveTheOthersTheirBoxes) {
  std::vector<Entry> senders;
  for (std::uint64_t id = 1; id <= InFlightLedger::kMaxOfPhase + 10; ++id) {
    senders.push_back(show_new(RequestPhase::sending, id));
  }
  EXPECT_EQ(named().size(), InFlightLedger::kMaxOfPhase);
  EXPECT_EQ(more(), 10U);
  for (const RequestPhase phase :
       {RequestPhase::reading, RequestPhase::queued, RequestPhase::deferred}) {
    for (std::uint64_t i = 0; i < InFlightLedger::kMaxOfPhase; ++i) {
      show_new(phase, 1000 * (1 + static_cast<std::uint64_t>(phase)) + i);
    }
  }
  EXPECT_EQ(named().size(), ipc::InFlightTable::kBoxes);
  EXPECT_EQ(more(), 10U);
  for (const Entry entry : senders) {
    ledger_.hide(entry);
  }
  EXPECT_EQ(named().size(), ipc::InFlightTable::kBoxes - InFlightLedger::kMaxOfPhase);
  EXPECT_EQ(more(), 0U);
}

TEST_F(InFlightLedgerTest, OneThatFoundNoBoxGetsOneWithItsNextPhase) {
  for (std::uint64_t id = 1; id <= InFlightLedger::kMaxOfPhase; ++id) {
    show_new(RequestPhase::queued, id);
  }
  Entry late = show_new(RequestPhase::queued, 500);
  late = show(late, RequestPhase::queued, 500);
  EXPECT_EQ(more(), 1U);
  late = show(late, RequestPhase::sending, 500);
  EXPECT_EQ(more(), 0U);
  EXPECT_EQ(named().at(500), RequestPhase::sending);
  late = show(late, RequestPhase::queued, 500);
  EXPECT_EQ(more(), 1U) << "no box is kept for a phase that has none left";
  EXPECT_EQ(named().count(500), 0U);
  ledger_.hide(late);
  EXPECT_EQ(more(), 0U);
}

TEST_F(InFlightLedgerTest, FewAtATimeTouchTheMemoryOfFew) {
  for (std::uint64_t id = 1; id < 1000; ++id) {
    const Entry first = show_new(RequestPhase::queued, id);
    const Entry second = show_new(RequestPhase::sending, id + 1000);
    ledger_.hide(first);
    ledger_.hide(second);
  }
  EXPECT_EQ(record_->unfinished_requests.boxes().size(), 2U);
}

TEST_F(InFlightLedgerTest, WhateverComesAndGoesEachIsNamedOnceOrCounted) {
  constexpr RequestPhase kPhases[] = {RequestPhase::reading, RequestPhase::queued,
                                      RequestPhase::deferred, RequestPhase::sending};
  std::mt19937 random(4);
  std::map<std::uint64_t, std::pair<Entry, RequestPhase>> there;
  std::uint64_t next_id = 1;
  for (int step = 0; step < 20'000; ++step) {
    const RequestPhase phase = kPhases[random() % 4];
    const bool is_filling = step / 2000 % 2 == 0;
    if (there.empty() || random() % 4 < (is_filling ? 2U : 1U)) {
      const std::uint64_t id = next_id++;
      there[id] = {show_new(phase, id), phase};
      continue;
    }
    const auto any = std::next(there.begin(), static_cast<long>(random() % there.size()));
    if (random() % 2 == 0) {
      any->second = {show(any->second.first, phase, any->first), phase};
    } else {
      ledger_.hide(any->second.first);
      there.erase(any);
    }
    if (step % 100 == 0) {
      const Named seen = named();
      ASSERT_EQ(seen.size() + more(), there.size());
      for (const auto& [id, seen_phase] : seen) {
        ASSERT_EQ(there.at(id).second, seen_phase);
      }
    }
  }
}

}  // namespace
}  // namespace prefork::exchange
