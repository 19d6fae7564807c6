// Which requests get which ids, and of which a span is left.
#include "server/exchange/tracer.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/http/request.h"

namespace prefork::exchange {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::string_view kUnsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
constexpr std::uint64_t kSlowNs = 1'000'000'000;

class TracerTest : public testing::Test {
 protected:
  // Of a request with that traceparent, if any.
  void begin(std::string_view parent = {}) {
    fields_ = {{"host", "shop:8000"}};
    if (!parent.empty()) {
      fields_.push_back({"traceparent", parent});
    }
    request_ = {};
    request_.method_text = "GET";
    request_.target = "/items/7?q=1";
    request_.host = "shop:8000";
    request_.fields = http::FieldView(fields_);
    tracer_->begin(trace_, request_.fields, "/items/{id}");
    request_.trace = trace_.get();
  }
  void end(int status, Tracer::Times times = {5, 0, 6}) {
    AccessRecord record;
    record.request = &request_;
    record.client = &client_;
    record.status = status;
    record.queue_us = 12;
    tracer_->end(record, times);
  }
  std::vector<ipc::SpanRecord> spans() {
    std::vector<ipc::SpanRecord> taken;
    ring().take(taken, 5'000);
    return taken;
  }
  void sample(std::uint32_t millionths) {
    tracer_ =
        std::make_unique<Tracer>(Tracer::Settings{{millionths}, kSlowNs, 3}, &ring(), counters_);
  }
  ipc::SpanRing& ring() { return rings_.ring({0, 0}); }

  const ipc::SpanRings rings_{1};
  ipc::Counters counters_;
  std::unique_ptr<Tracer> tracer_ =
      std::make_unique<Tracer>(Tracer::Settings{{0}, kSlowNs, 3}, &ring(), counters_);
  std::shared_ptr<http::RequestTrace> trace_;
  std::vector<http::Field> fields_;
  http::Request request_;
  ipc::PeerAddress client_;
};

TEST_F(TracerTest, GoesOnWithTheCallersTraceAsAnotherSpan) {
  begin(kParent);
  EXPECT_EQ(trace_->own().trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(trace_->parent_span(), "b7ad6b7169203331");
  EXPECT_NE(trace_->own().span_id(), "b7ad6b7169203331");
  EXPECT_TRUE(trace_->own().is_sampled());
  begin(kUnsampled);
  EXPECT_FALSE(trace_->own().is_sampled());
}

TEST_F(TracerTest, BeginsATraceOfItsOwnWhereThereIsNone) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    begin(i % 2 == 0 ? "" : "no traceparent");
    EXPECT_TRUE(http::parse_traceparent(trace_->own().text()));
    EXPECT_EQ(trace_->parent_span(), "");
    ids.emplace(trace_->own().trace_id());
    ids.emplace(trace_->own().span_id());
  }
  EXPECT_EQ(ids.size(), 2000U);
}

TEST_F(TracerTest, UsesTheSameMemoryAgainUnlessSomebodyHasIt) {
  begin();
  const http::RequestTrace* const first = trace_.get();
  begin();
  EXPECT_EQ(trace_.get(), first);
  const std::shared_ptr<http::RequestTrace> held = trace_;
  begin();
  EXPECT_NE(trace_.get(), first);
}

TEST_F(TracerTest, SamplesAShareOfItsOwnAndWhatTheCallerSays) {
  sample(250'000);
  int sampled = 0;
  for (int i = 0; i < 4000; ++i) {
    begin();
    sampled += trace_->own().is_sampled() ? 1 : 0;
  }
  EXPECT_GT(sampled, 800);
  EXPECT_LT(sampled, 1200);
  sample(1'000'000);
  begin();
  EXPECT_TRUE(trace_->own().is_sampled());
  begin(kUnsampled);
  EXPECT_FALSE(trace_->own().is_sampled());
}

TEST_F(TracerTest, WithoutACollectorStillSaysWhetherOthersAreToRecord) {
  Tracer alone({{1'000'000}, kSlowNs, 0}, nullptr, counters_);
  alone.begin(trace_, {}, {});
  EXPECT_TRUE(trace_->own().is_sampled());
  EXPECT_FALSE(alone.leaves_spans());
}

TEST_F(TracerTest, LeavesASpanOfWhatIsSampled) {
  begin(kParent);
  trace_->add_attribute("shop.id", "7");
  end(200, {1'000, 0, 4'000});
  const auto left = spans();
  ASSERT_EQ(left.size(), 1U);
  const ipc::SpanRecord& span = left[0];
  EXPECT_EQ(std::string_view(span.trace_id.data(), 32), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(std::string_view(span.span_id.data(), 16), trace_->own().span_id());
  EXPECT_EQ(std::string_view(span.parent_id.data(), 16), "b7ad6b7169203331");
  EXPECT_EQ(span.end_unix_ns - span.begin_unix_ns, 3'000U);
  EXPECT_EQ(span.status, 200);
  EXPECT_EQ(span.worker, 3U);
  EXPECT_EQ(span.queue_us, 12U);
  EXPECT_EQ(span.text(ipc::SpanText::method), "GET");
  EXPECT_EQ(span.text(ipc::SpanText::route), "/items/{id}");
  EXPECT_EQ(span.text(ipc::SpanText::path), "/items/7");
  EXPECT_EQ(span.text(ipc::SpanText::host), "shop:8000");
  EXPECT_EQ(span.attribute_count, 1);
}

TEST_F(TracerTest, LeavesASpanOfWhatFailsOrIsSlowWhoeverDecidedAgainstIt) {
  begin(kUnsampled);
  end(200);
  end(404);
  end(AccessRecord::kNoAnswer);
  EXPECT_EQ(spans().size(), 0U);
  end(500);
  end(503);
  const auto failed = spans();
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_FALSE(failed[0].is_sampled);
  end(200, {1, 0, 1 + kSlowNs});
  EXPECT_EQ(spans().size(), 0U);
  end(200, {1, 0, 2 + kSlowNs});
  EXPECT_EQ(spans().size(), 1U);
  end(200, {1, 2, 2 + 10 * kSlowNs});
  EXPECT_EQ(spans().size(), 0U)
      << "it was answered soon: its client was slow, or listened for long";
}

TEST_F(TracerTest, CountsWhatFindsNoRoom) {
  begin(kParent);
  for (std::uint64_t i = 0; i < ipc::SpanRing::kSpans + 3; ++i) {
    end(200);
  }
  EXPECT_EQ(counters_.get(ipc::Counter::spans_lost), 3U);
}

}  // namespace
}  // namespace prefork::exchange
