// Spans as JSON: their shape as OTLP has it, and nothing that a client sends breaks it.
#include "workers/observer/otlp_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::observer {
namespace {

using Tree = nlohmann::json;

ipc::SpanRecord a_span() {
  ipc::SpanRecord span;
  span.begin_unix_ns = 1'700'000'000'123'456'789;
  span.end_unix_ns = 1'700'000'001'000'000'000;
  span.status = 200;
  constexpr std::string_view kTrace = "0af7651916cd43dd8448eb211c80319c";
  constexpr std::string_view kSpan = "b7ad6b7169203331";
  std::copy(kTrace.begin(), kTrace.end(), span.trace_id.begin());
  std::copy(kSpan.begin(), kSpan.end(), span.span_id.begin());
  span.client.family = ipc::PeerAddress::Family::ipv4;
  span.client.bytes = {192, 0, 2, 7};
  span.is_sampled = true;
  span.set_text(ipc::SpanText::method, "GET", 16);
  span.set_text(ipc::SpanText::route, "/items/{id}", 64);
  span.set_text(ipc::SpanText::host, "[::1]:8000", 48);
  span.set_text(ipc::SpanText::path, "/items/7", 120);
  span.set_text(ipc::SpanText::cut, "", 8);
  return span;
}

Tree span_of(const ipc::SpanRecord& record) {
  const std::vector<ipc::SpanRecord> one = {record};
  return Tree::parse(to_otlp_json(one, "shop"))["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

Tree value_of(const Tree& span, const std::string& key) {
  for (const Tree& attribute : span["attributes"]) {
    if (attribute["key"] == key) {
      return attribute["value"];
    }
  }
  return nullptr;
}

TEST(OtlpJson, HasAResourceAndAScopeAroundItsSpans) {
  const std::vector<ipc::SpanRecord> two = {a_span(), a_span()};
  const Tree request = Tree::parse(to_otlp_json(two, "shop"));
  ASSERT_EQ(request["resourceSpans"].size(), 1U);
  const Tree& resource = request["resourceSpans"][0];
  EXPECT_EQ(value_of(resource["resource"], "service.name"), (Tree{{"stringValue", "shop"}}));
  ASSERT_EQ(resource["scopeSpans"].size(), 1U);
  EXPECT_EQ(resource["scopeSpans"][0]["scope"]["name"], "prefork-server");
  EXPECT_EQ(resource["scopeSpans"][0]["spans"].size(), 2U);
}

TEST(OtlpJson, WritesLongNumbersAsTextsAndIdsAsTheyAre) {
  const Tree span = span_of(a_span());
  EXPECT_EQ(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span["spanId"], "b7ad6b7169203331");
  EXPECT_EQ(span["startTimeUnixNano"], "1700000000123456789");
  EXPECT_EQ(span["endTimeUnixNano"], "1700000001000000000");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["name"], "GET /items/{id}");
  EXPECT_EQ(span["flags"], 0x101);
  EXPECT_EQ(value_of(span, "http.response.status_code"), (Tree{{"intValue", "200"}}));
  EXPECT_EQ(value_of(span, "client.address"), (Tree{{"stringValue", "192.0.2.7"}}));
  EXPECT_EQ(value_of(span, "server.address"), (Tree{{"stringValue", "[::1]"}}));
  EXPECT_EQ(value_of(span, "server.port"), (Tree{{"intValue", "8000"}}));
  EXPECT_FALSE(span.contains("parentSpanId"));
  EXPECT_FALSE(span.contains("status"));
  EXPECT_FALSE(span.contains("droppedAttributesCount"));
}

TEST(OtlpJson, TellsErrorsOfTheServerAndMethodsThatNobodyKnows) {
  ipc::SpanRecord failed = a_span();
  failed.status = 503;
  failed.parent_id.fill('a');
  const Tree span = span_of(failed);
  EXPECT_EQ(span["status"]["code"], 2);
  EXPECT_EQ(value_of(span, "error.type"), (Tree{{"stringValue", "503"}}));
  EXPECT_EQ(span["parentSpanId"], "aaaaaaaaaaaaaaaa");
  EXPECT_EQ(span["flags"], 0x301);
  ipc::SpanRecord strange;
  strange.set_text(ipc::SpanText::method, "PROPFIND", 16);
  const Tree other = span_of(strange);
  EXPECT_EQ(other["name"], "HTTP");
  EXPECT_EQ(value_of(other, "http.request.method"), (Tree{{"stringValue", "_OTHER"}}));
  EXPECT_EQ(value_of(other, "http.request.method_original"), (Tree{{"stringValue", "PROPFIND"}}));
  EXPECT_EQ(value_of(other, "http.response.status_code"), nullptr) << "nobody answered";
}

TEST(OtlpJson, IsValidWhateverBytesAreInIt) {
  ipc::SpanRecord record = a_span();
  record.add_attribute("quoted \" name", "\xff\xfe \x01 \xc3");
  record.attributes_dropped = 2;
  const Tree span = span_of(record);
  EXPECT_EQ(value_of(span, "quoted \" name")["stringValue"],
            "\xef\xbf\xbd\xef\xbf\xbd \x01 \xef\xbf\xbd");
  EXPECT_EQ(span["droppedAttributesCount"], 2);
}

}  // namespace
}  // namespace prefork::observer
