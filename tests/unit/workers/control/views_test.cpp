#include "workers/control/views.h"

#include <gtest/gtest.h>

#include "workers/control/top_frame.h"

namespace prefork::control {
namespace {

Json worker_report(int slot, int requests) {
  return {{"slot", slot},
          {"pid", 100 + slot},
          {"state", "ready"},
          {"generation", 3},
          {"heartbeat_age_ms", 250.0},
          {"restarts", 1},
          {"cpu_seconds", requests / 1000.0},
          {"resident_bytes", 5 << 20},
          {"requests", requests},
          {"connections", {{"active", 7}}},
          {"in_flight",
           {{{"method", "GET"}, {"path", "/quick"}, {"age_ms", 2.0}},
            {{"method", "POST"}, {"path", "/slow"}, {"age_ms", 1500.0}}}},
          {"in_flight_more", 2}};
}

// `time`: seconds since the start; each worker has served 100 requests in each of them.
Json server_report(double time, int workers = 2) {
  Json report;
  report["server"] = {{"state", "running"},
                      {"generation", 3},
                      {"uptime_seconds", time},
                      {"master_pid", 99},
                      {"listeners", {"http://127.0.0.1:8000"}},
                      {"admin", ""}};
  const int requests = static_cast<int>(time * 100);
  report["totals"] = {{"requests", workers * requests},
                      {"responses", {{"5xx", 0}}},
                      {"connections", {{"active", 14}}},
                      {"pool", {{"queued", 5}}},
                      {"latency",
                       {{"count", workers * requests},
                        {"p50_us", 100},
                        {"p99_us", 2500},
                        {"buckets", {{100, 90 * requests}, {2000, 10 * requests}}}}}};
  report["workers"] = Json::array();
  for (int slot = 0; slot < workers; ++slot) {
    report["workers"].push_back(worker_report(slot, requests));
  }
  return report;
}

TEST(ControlViews, TheStatusSaysWhatAnOperatorAsksFirst) {
  EXPECT_EQ(status_text(server_report(3700)),
            "running: 2 of 2 workers ready, generation 3, up 1h 1m, pid 99\n"
            "listening on http://127.0.0.1:8000\n"
            "requests: 740000, 8 in hand; connections: 14; p50 100 us, p99 2.5 ms\n");
  EXPECT_EQ(why_not_serving(server_report(1)), "");
  EXPECT_EQ(why_not_serving(server_report(1, 0)), "no worker is ready");
  Json stopping = server_report(1);
  stopping["server"]["state"] = "stopping";
  EXPECT_EQ(why_not_serving(stopping), "the server is stopping");
}

TEST(ControlViews, AWorkerThatIsNotThereHasDashes) {
  Json report = server_report(1, 1);
  report["workers"].push_back({{"slot", 1}, {"pid", nullptr}, {"state", "vacant"}});
  EXPECT_EQ(
      workers_text(report),
      "SLOT  PID  STATE   GENERATION  REQUESTS  IN HAND  CONNECTIONS  CPU    MEMORY  RESTARTS\n"
      "0     100  ready   3           100       4        7            0.10s  5.0M    1\n"
      "1     -    vacant  -           -         0        -            -      -       -\n");
  EXPECT_EQ(status_text(report).substr(0, 32), "running: 1 of 2 workers ready, g");
}

TEST(ControlViews, AReportThatLacksEverythingIsShownAllTheSame) {
  const Json nothing = Json::object();
  EXPECT_TRUE(status_text(nothing).starts_with("-: 0 of 0 workers ready"));
  EXPECT_EQ(last_words_text(nothing), "no worker has died\n");
  EXPECT_FALSE(top_frame(nothing, nothing, {}).empty());
}

TEST(ControlViews, OptionsAndLastWordsHaveALineEach) {
  EXPECT_EQ(config_text({{"threads", "8"}, {"uds", nullptr}, {"header", {"A: b"}}}),
            "threads  8\nuds      (none)\nheader   [\"A: b\"]\n");
  EXPECT_EQ(last_words_text({{"last_words", {{{"slot", 1}}, {{"slot", 2}}}}}),
            "{\"slot\":1}\n{\"slot\":2}\n");
}

TEST(TopFrame, ShowsWhatHasHappenedBetweenTwoReports) {
  const auto lines = top_frame(server_report(10), server_report(12), {120, 40});
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[0], "prefork-server running  2 workers ready  generation 3  up 12.0s  pid 99");
  EXPECT_EQ(lines[1], "requests 200.0/s  in hand 8  connections 14  5xx 0.0/s  queued 5");
  EXPECT_EQ(lines[2], "latency p50 100 us  p90 100 us  p99 2.0 ms  p99.9 2.0 ms  of 400 in 2.0s");
  EXPECT_EQ(lines[5],
            "   0     100 ready       3     100.0     4      7    10     5.0M   0.2s    1 1.50 s "
            "POST /slow");
}

TEST(TopFrame, KeepsWithinItsColumns) {
  for (const std::size_t columns : {std::size_t{80}, std::size_t{40}}) {
    for (const std::string& line : top_frame(server_report(10), server_report(12), {columns, 40})) {
      EXPECT_LE(line.size(), columns);
      EXPECT_EQ(line.find("/slow"), line.npos);
    }
  }
}

TEST(TopFrame, CountsTheWorkersThatDoNotFit) {
  const auto lines = top_frame(server_report(10, 30), server_report(12, 30), {80, 24});
  EXPECT_LT(lines.size(), 24U);
  EXPECT_EQ(lines.back(), "and 13 more");
}

TEST(TopFrame, OfAWorkerThatIsNewThereIsNoRateYet) {
  Json before = server_report(10, 1);
  before["workers"][0]["pid"] = 77;
  const auto lines = top_frame(before, server_report(11, 1), {80, 24});
  EXPECT_EQ(lines[5].substr(0, 39), "   0     100 ready       3         -   ");
}

TEST(TopFrame, APathCannotCommandTheTerminal) {
  Json now = server_report(11, 1);
  now["workers"][0]["in_flight"][1]["path"] = "/\033[2J";
  EXPECT_NE(top_frame(server_report(10, 1), now, {120, 24})[5].find("/?[2J"), std::string::npos);
}

}  // namespace
}  // namespace prefork::control
