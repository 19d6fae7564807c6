// X-Request-Id: whose is believed, and which.
#include "server/http/request_id.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::http {
namespace {

std::string id_of(const std::vector<Field>& sent, bool is_from_proxy = true) {
  Request request;
  request.fields = FieldView(sent);
  request.is_from_proxy = is_from_proxy;
  return std::string(request_id_text(request));
}

TEST(RequestIds, AreATrustedProxysOrNobodys) {
  EXPECT_EQ(id_of({{"X-Request-ID", "a1-b2"}}), "a1-b2");
  EXPECT_EQ(id_of({{"X-Request-ID", "a1-b2"}}, false), "");
  EXPECT_EQ(id_of({}), "");
}

TEST(RequestIds, AreOneWordOfVisibleAscii) {
  EXPECT_EQ(id_of({{"x-request-id", "!~"}}), "!~");
  for (const char* wrong : {"", "a b", "a\tb", "\x7f", "\xc3\xa4", "\x01"}) {
    EXPECT_EQ(id_of({{"x-request-id", wrong}}), "") << wrong;
  }
  const std::string longest(128, 'x');
  EXPECT_EQ(id_of({{"x-request-id", longest}}), longest);
  const std::string too_long(129, 'x');
  EXPECT_EQ(id_of({{"x-request-id", too_long}}), "");
  EXPECT_EQ(id_of({{"x-request-id", "a"}, {"x-request-id", "b"}}), "") << "which of them?";
}

}  // namespace
}  // namespace prefork::http
