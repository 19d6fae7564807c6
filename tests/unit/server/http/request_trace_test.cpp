// What is shared of a request's span: its ids, and the attributes that the application adds.
#include "server/http/request_trace.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/http/owned_request.h"

namespace prefork::http {
namespace {

using Added = RequestTrace::Added;

std::string attributes_of(const RequestTrace& trace) {
  std::string text;
  trace.for_each_attribute([&text](std::string_view name, std::string_view value) {
    text.append(name).append("=").append(value).append(";");
  });
  return text;
}

TEST(RequestTraces, HaveAttributesInTheirOrder) {
  RequestTrace trace;
  EXPECT_EQ(trace.add_attribute("shop.id", "7"), Added::yes);
  EXPECT_EQ(trace.add_attribute("empty", ""), Added::yes);
  EXPECT_EQ(attributes_of(trace), "shop.id=7;empty=;");
  EXPECT_EQ(trace.add_attribute("shop.id", "eight"), Added::yes);
  EXPECT_EQ(attributes_of(trace), "empty=;shop.id=eight;");
}

TEST(RequestTraces, HaveRoomForSoManyAttributesOfSuchSizes) {
  RequestTrace trace;
  EXPECT_EQ(trace.add_attribute("", "x"), Added::wrong);
  EXPECT_EQ(trace.add_attribute(std::string(65, 'n'), "x"), Added::wrong);
  EXPECT_EQ(trace.add_attribute("n", std::string(129, 'v')), Added::wrong);
  EXPECT_EQ(attributes_of(trace), "");
  const std::string longest(128, 'v');
  for (std::size_t i = 0; i < RequestTrace::kMaxAttributes; ++i) {
    EXPECT_EQ(trace.add_attribute(std::string(63, 'n') + std::to_string(i), longest), Added::yes);
  }
  EXPECT_EQ(trace.add_attribute("one more", "x"), Added::full);
  EXPECT_EQ(trace.add_attribute(std::string(63, 'n') + "0", "again"), Added::yes);
  EXPECT_EQ(trace.add_attribute("one more", "x"), Added::full);
}

TEST(RequestTraces, BeginAnewForTheNextRequest) {
  RequestTrace trace;
  trace.begin({1, 2, 3, true}, "b7ad6b7169203331", "a=1");
  trace.add_attribute("a", "b");
  trace.begin({4, 5, 6, false}, {}, {});
  EXPECT_EQ(attributes_of(trace), "");
  EXPECT_EQ(trace.parent_span(), "");
  EXPECT_EQ(trace.state(), "");
  EXPECT_EQ(trace.own().span_id(), "0000000000000006");
}

TEST(RequestTraces, LiveAsLongAsACopyOfTheirRequest) {
  auto trace = std::make_shared<RequestTrace>();
  Request request;
  request.trace = trace.get();
  OwnedRequest copy;
  copy.copy_head(request);
  EXPECT_EQ(trace.use_count(), 2);
  trace.reset();
  EXPECT_EQ(copy.request.trace->add_attribute("still", "there"), Added::yes);
  copy.copy_head(Request());
  EXPECT_EQ(copy.request.trace, nullptr);
}

}  // namespace
}  // namespace prefork::http
