// What the page is told of a snapshot.
#include "workers/observer/live_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace prefork::observer {
namespace {

using PlainJson = nlohmann::json;

TEST(LiveJson, IsOnOneLine) {
  StatsSnapshot snapshot;
  snapshot.workers.emplace_back();
  const LiveReport report = to_live_report(snapshot, {{"http://127.0.0.1:8000"}, true});
  for (const std::string& text : {report.state, report.details}) {
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find(": "), std::string::npos);
  }
  EXPECT_EQ(PlainJson::parse(report.details)["listeners"],
            PlainJson::array({"http://127.0.0.1:8000"}));
  EXPECT_EQ(PlainJson::parse(report.state)["may_command"], true);
  EXPECT_EQ(PlainJson::parse(report.state)["workers"],
            PlainJson::array({PlainJson{{"slot", 0}, {"state", "vacant"}}}));
}

TEST(LiveJson, HasTheCountersAndTheBucketsFromWhichRatesAreMade) {
  StatsSnapshot snapshot;
  for (std::size_t i = 0; i < ipc::kCounterCount; ++i) {
    snapshot.totals.counters[i] = 100 + i;
  }
  auto latency = std::make_unique<ipc::FineHistogram>();
  latency->record(3, 2);
  latency->record(1'000'000);
  snapshot.totals.latency.add(*latency);
  const PlainJson totals = PlainJson::parse(to_live_report(snapshot, {}).state)["totals"];
  const auto of = [](ipc::Counter counter) { return 100 + static_cast<std::size_t>(counter); };
  EXPECT_EQ(totals["requests"], of(ipc::Counter::requests));
  EXPECT_EQ(totals["responses"],
            PlainJson::array({of(ipc::Counter::responses_1xx), of(ipc::Counter::responses_2xx),
                              of(ipc::Counter::responses_3xx), of(ipc::Counter::responses_4xx),
                              of(ipc::Counter::responses_5xx)}));
  EXPECT_EQ(
      totals["latency"],
      PlainJson::array(
          {3, 2, ipc::FineHistogram::lower_bound(ipc::FineHistogram::bucket_of(1'000'000)), 1}));
}

TEST(LiveJson, NamesTheOldestRequestsOfAWorkerAndCountsTheOthers) {
  StatsSnapshot snapshot;
  snapshot.now_ns = 100'000'000'000;
  WorkerSnapshot worker;
  worker.slot = 3;
  worker.state = ipc::ProcessState::draining;
  for (std::uint64_t i = 0; i < 6; ++i) {
    ipc::RequestInFlight one;
    one.request.method = "GET";
    one.request.path = "/" + std::string(i, 'x') + "\xff" + std::string(200, 'y');
    one.request.phase = ipc::RequestPhase::handling;
    // The third is the oldest.
    one.request.started_ns = (90 + (i + 4) % 6) * 1'000'000'000;
    worker.in_flight.named.push_back(one);
  }
  worker.in_flight.more = 7;
  snapshot.workers.push_back(worker);
  const PlainJson shown = PlainJson::parse(to_live_report(snapshot, {}).state)["workers"][0];
  EXPECT_EQ(shown["slot"], 3);
  EXPECT_EQ(shown["state"], "draining");
  EXPECT_EQ(shown["in_hand"], 13);
  ASSERT_EQ(shown["hand"].size(), kLiveRequests);
  EXPECT_EQ(shown["hand"][0][0], "GET");
  EXPECT_TRUE(shown["hand"][0][1].get<std::string>().starts_with("/xx\xef\xbf\xbd"));
  EXPECT_LT(shown["hand"][0][1].get<std::string>().size(), 130u);
  EXPECT_EQ(shown["hand"][0][2], "handling");
  EXPECT_EQ(shown["hand"][0][3], 10'000);
  EXPECT_EQ(shown["hand"][3][3], 7'000);
}

TEST(LiveJson, LeavesOutWhatCannotBeRead) {
  StatsSnapshot snapshot;
  snapshot.last_words = {R"({"pid":7})", "{"};
  snapshot.reload_history = {"", R"({"kind":"reload"})"};
  snapshot.slow = "[";
  const PlainJson details = PlainJson::parse(to_live_report(snapshot, {}).details);
  EXPECT_EQ(details["last_words"], PlainJson::array({PlainJson{{"pid", 7}}}));
  EXPECT_EQ(details["reload_history"], PlainJson::array({PlainJson{{"kind", "reload"}}}));
  EXPECT_EQ(details["slow"], PlainJson::array());
}

}  // namespace
}  // namespace prefork::observer
