#include "workers/observer/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "workers/observer/counter_metrics.h"

namespace prefork::observer {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool has_line(const std::string& text, const std::string& line) {
  const std::vector<std::string> lines = lines_of(text);
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

StatsSnapshot busy_snapshot() {
  StatsSnapshot snapshot;
  RouteSnapshot::Route items{"/items/{id}", {}, {}};
  items.durations.buckets[0] = 2;
  items.durations.buckets.back() = 1;
  items.durations.sum = 20'000'100;
  items.requests[{"GET", 200}] = 3;
  snapshot.requests.routes.push_back(items);
  snapshot.totals.application[{ipc::NumberKind::counter, "orders_total"}] = 4;
  snapshot.totals.application[{ipc::NumberKind::gauge, "carts"}] = -2;
  snapshot.server.ended_by_signal[11] = 5;
  return snapshot;
}

TEST(MetricText, EscapesWhatLabelsMayHold) {
  MetricText text(MetricFormat::prometheus);
  text.family(MetricText::Type::gauge, "g", "back\\slash \"and\"\nline");
  text.sample({{"route", "a\\b\"c\nd"}}, std::uint64_t{1});
  EXPECT_EQ(text.take(),
            "# HELP g back\\\\slash \"and\"\\nline\n# TYPE g gauge\n"
            "g{route=\"a\\\\b\\\"c\\\\x0ad\"} 1\n");
}

TEST(MetricText, EachFormatNamesCountersInItsWay) {
  MetricText plain(MetricFormat::prometheus);
  plain.family(MetricText::Type::counter, "c", "h");
  plain.sample({}, std::uint64_t{1});
  EXPECT_EQ(plain.take(), "# HELP c_total h\n# TYPE c_total counter\nc_total 1\n");
  MetricText open(MetricFormat::open_metrics);
  open.family(MetricText::Type::counter, "c", "h");
  open.sample({}, std::uint64_t{1});
  EXPECT_EQ(open.take(), "# HELP c h\n# TYPE c counter\nc_total 1\n# EOF\n");
}

TEST(Metrics, EveryCounterIsOneSeries) {
  std::set<ipc::Counter> counters;
  std::set<std::string_view> families;
  std::string_view family;
  for (const CounterMetric& metric : kCounterMetrics) {
    EXPECT_TRUE(counters.insert(metric.counter).second) << metric.family;
    if (metric.family != family) {
      family = metric.family;
      EXPECT_TRUE(families.insert(family).second) << family << " stands in two places";
      EXPECT_FALSE(metric.help.empty()) << family;
    }
  }
  EXPECT_EQ(counters.size(), ipc::kCounterCount);
}

TEST(Metrics, BucketsAreCumulativeAndInSeconds) {
  const std::string text = to_metrics(busy_snapshot(), MetricFormat::prometheus);
  const std::string name = "prefork_http_request_duration_seconds";
  EXPECT_TRUE(has_line(text, name + "_bucket{route=\"/items/{id}\",le=\"0.0001\"} 2"));
  EXPECT_TRUE(has_line(text, name + "_bucket{route=\"/items/{id}\",le=\"10\"} 2"));
  EXPECT_TRUE(has_line(text, name + "_bucket{route=\"/items/{id}\",le=\"+Inf\"} 3"));
  EXPECT_TRUE(has_line(text, name + "_sum{route=\"/items/{id}\"} 20.0001"));
  EXPECT_TRUE(has_line(text, name + "_count{route=\"/items/{id}\"} 3"));
  EXPECT_TRUE(has_line(to_metrics(busy_snapshot(), MetricFormat::open_metrics),
                       name + "_bucket{route=\"/items/{id}\",le=\"10.0\"} 2"));
}

TEST(Metrics, TheApplicationsNumbersKeepTheirNames) {
  const std::string text = to_metrics(busy_snapshot(), MetricFormat::prometheus);
  EXPECT_TRUE(has_line(text, "app_orders_total 4"));
  EXPECT_TRUE(has_line(text, "app_carts -2"));
  EXPECT_TRUE(has_line(text, "prefork_worker_exits_total{how=\"SIGSEGV\"} 5"));
}

// What a scraper relies on: each family once, told of before its samples, each series once.
TEST(Metrics, FamiliesAndSeriesAreThereOnce) {
  for (const MetricFormat format : {MetricFormat::prometheus, MetricFormat::open_metrics}) {
    std::set<std::string> families;
    std::set<std::string> series;
    std::string family;
    for (const std::string& line : lines_of(to_metrics(busy_snapshot(), format))) {
      if (line.starts_with("# TYPE ")) {
        family = line.substr(7, line.find(' ', 7) - 7);
        EXPECT_TRUE(families.insert(family).second) << family;
      } else if (!line.starts_with("#")) {
        EXPECT_TRUE(line.starts_with(family)) << line << " after " << family;
        EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
      }
    }
  }
}

TEST(Metrics, OfAHistogramWhoseStepsAReloadHasChangedTheNewestIsShown) {
  StatsSnapshot snapshot;
  snapshot.application_histograms = {{{"size", {1, 2}}, {{1, 1, 1}, 4}, 0},
                                     {{"size", {5}}, {{2, 0}, 3}, 2},
                                     {{"tiny", {1e40}}, {{1, 0}, 1}, 2}};
  const std::string text = to_metrics(snapshot, MetricFormat::prometheus);
  EXPECT_TRUE(has_line(text, "app_size_bucket{le=\"5\"} 2"));
  EXPECT_FALSE(has_line(text, "app_size_bucket{le=\"1\"} 1"));
  EXPECT_TRUE(has_line(text, "app_tiny_bucket{le=\"1e+40\"} 1"));
}

TEST(MetricText, MakesReadableWhatIsNotUtf8) {
  MetricText text(MetricFormat::prometheus);
  text.family(MetricText::Type::gauge, "g", "h");
  text.sample({{"route", "/caf\xE9/\xC3\xA9"}}, std::uint64_t{1});
  EXPECT_TRUE(has_line(text.take(), "g{route=\"/caf\\\\xe9/\xC3\xA9\"} 1"));
}

TEST(Metrics, OpenMetricsIsForWhoNamesIt) {
  const auto format_for = [](std::vector<http::Field> fields) {
    return metric_format_for(std::span<const http::Field>(fields));
  };
  EXPECT_EQ(format_for({}), MetricFormat::prometheus);
  EXPECT_EQ(format_for({{"Accept", "*/*"}}), MetricFormat::prometheus);
  EXPECT_EQ(format_for({{"Accept", "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}}),
            MetricFormat::open_metrics);
  EXPECT_EQ(format_for({{"Accept", "application/openmetrics-text;q=0,text/plain"}}),
            MetricFormat::prometheus);
}

// As many workers and routes as the README names a size for.
TEST(Metrics, AllRoutesOfManyWorkersAreAddedUp) {
  constexpr std::uint32_t kWorkers = 64;
  const auto segment = std::make_unique<ipc::Segment>(kWorkers);
  segment->header().slots_in_use.store(kWorkers);
  for (std::uint32_t slot = 0; slot < kWorkers; ++slot) {
    ipc::WorkerRecord& record = segment->record({slot, 0});
    record.state.store(ipc::ProcessState::ready);
    for (std::size_t i = 0; i < ipc::kMaxRouteNames; ++i) {
      const auto label = segment->header().labels.routes.label_of("/route/" + std::to_string(i));
      record.routes.requests.add(segment->header().labels.kinds.place_of({label, 0, 200}), 1);
      record.routes.durations.at(label).record(100);
    }
  }
  const std::string text = to_metrics(take_snapshot(*segment), MetricFormat::prometheus);
  EXPECT_TRUE(has_line(
      text, "prefork_http_requests_total{method=\"GET\",code=\"200\",route=\"/route/255\"} 64"));
  EXPECT_LT(text.size(), 2U << 20);
}

}  // namespace
}  // namespace prefork::observer
