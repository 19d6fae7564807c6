#include "server/http/owned_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::http {
namespace {

// A request whose bytes go with it.
struct Source {
  std::string method = "POST", target = "/a%2Fb?c=d", path = "/a/b",
              segments = std::string("/a\0b", 4), query = "c=d", host = "example.org",
              name = "X-One", value = "1", part = "b", body = "content";
  std::vector<Field> fields = {{name, value}, {"Empty", ""}};
  std::vector<Field> parameters = {{"part", part}};
  Request request;

  Source() {
    request.method = Method::post;
    request.method_text = method;
    request.target = target;
    request.path = path;
    request.segments = segments;
    request.query = query;
    request.host = host;
    request.fields = fields;
    request.parameters = parameters;
    request.body = body;
    request.id = 7;
  }
};

void expect_same(const Request& copy, const Request& from) {
  EXPECT_EQ(copy.method, from.method);
  EXPECT_EQ(copy.id, from.id);
  EXPECT_EQ(copy.method_text, from.method_text);
  EXPECT_EQ(copy.target, from.target);
  EXPECT_EQ(copy.path, from.path);
  EXPECT_EQ(copy.segments, from.segments);
  EXPECT_EQ(copy.query, from.query);
  EXPECT_EQ(copy.host, from.host);
  ASSERT_EQ(copy.fields.size(), from.fields.size());
  for (std::size_t i = 0; i < from.fields.size(); ++i) {
    EXPECT_EQ(copy.fields[i].name, from.fields[i].name);
    EXPECT_EQ(copy.fields[i].value, from.fields[i].value);
  }
  ASSERT_EQ(copy.parameters.size(), from.parameters.size());
  for (std::size_t i = 0; i < from.parameters.size(); ++i) {
    EXPECT_EQ(copy.parameters[i].name, from.parameters[i].name);
    EXPECT_EQ(copy.parameters[i].value, from.parameters[i].value);
  }
}

TEST(OwnedRequest, OutlivesTheBytesItWasCopiedFrom) {
  OwnedRequest copy;
  {
    const Source gone;
    copy.copy(gone.request);
  }
  const Source source;
  expect_same(copy.request, source.request);
  EXPECT_EQ(copy.request.body, "content");
}

TEST(OwnedRequest, CanDoWithoutTheContent) {
  const Source source;
  OwnedRequest copy;
  copy.copy_head(source.request);
  expect_same(copy.request, source.request);
  EXPECT_EQ(copy.request.body, "");
}

TEST(OwnedRequest, IsUsedAgainForLongerAndShorterOnes) {
  OwnedRequest copy;
  const Source source;
  for (const std::size_t size : {10U, 100'000U, 0U, 5U}) {
    const std::string body(size, 'x');
    Request request = source.request;
    request.body = body;
    copy.copy(request);
    expect_same(copy.request, source.request);
    EXPECT_EQ(copy.request.body, body);
  }
  copy.copy(Request());
  expect_same(copy.request, Request());
}

}  // namespace
}  // namespace prefork::http
