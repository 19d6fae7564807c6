#include "workers/worker/request_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::worker {
namespace {

class RequestText : public testing::Test {
 protected:
  RequestText() {
    request_.method_text = "POST";
    request_.target = "/orders?a=b";
  }

  std::string written(std::size_t body_size, std::size_t room = 1000) {
    request_.fields = fields_;
    std::string text(room, '?');
    text.resize(write_request_head(request_, body_size, text));
    return text;
  }

  http::Request request_;
  std::vector<http::Field> fields_ = {{"Host", "shop.example"}};
};

TEST_F(RequestText, IsWhatCanBeSentAgain) {
  EXPECT_EQ(written(0),
            "POST /orders?a=b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
  request_.version_minor = 0;
  EXPECT_EQ(written(12),
            "POST /orders?a=b HTTP/1.0\r\nHost: shop.example\r\nContent-Length: 12\r\n"
            "Connection: close\r\n\r\n");
}

TEST_F(RequestText, SaysTheLengthOfWhatIsThereAndNothingOfTheOldConnection) {
  fields_.insert(fields_.end(), {{"Content-Length", "70000"},
                                 {"transfer-encoding", "chunked"},
                                 {"Connection", "keep-alive"},
                                 {"Expect", "100-continue"},
                                 {"X-Last", "1"}});
  EXPECT_EQ(written(0),
            "POST /orders?a=b HTTP/1.1\r\nHost: shop.example\r\nX-Last: 1\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
}

TEST_F(RequestText, HasNoSecretsButTheirLength) {
  fields_ = {{"Authorization", "Basic c2VjcmV0"},
             {"cookie", "id=1"},
             {"PROXY-AUTHORIZATION", "ab"},
             {"Set-Cookie", "c"},
             {"X-Api-Key", "secret"},
             {"X-Cookie", "id=1"},
             {"Cookie", ""}};
  EXPECT_EQ(written(0),
            "POST /orders?a=b HTTP/1.1\r\nAuthorization: xxxxxxxxxxxxxx\r\ncookie: xxxx\r\n"
            "PROXY-AUTHORIZATION: xx\r\nSet-Cookie: x\r\nX-Api-Key: xxxxxx\r\nX-Cookie: id=1\r\n"
            "Cookie: \r\nConnection: close\r\n\r\n");
}

TEST_F(RequestText, LeavesOutFieldsThatFindNoRoom) {
  fields_.insert(fields_.end(), {{"X-Long", std::string_view("0123456789012345678901234567890123")},
                                 {"X-Short", "1"}});
  EXPECT_EQ(written(5, 120),
            "POST /orders?a=b HTTP/1.1\r\nHost: shop.example\r\nX-Short: 1\r\nContent-Length: 5\r\n"
            "Connection: close\r\n\r\n");
  for (std::size_t room = 0; room <= 120; ++room) {
    const std::string text = written(5, room);
    EXPECT_TRUE(text.empty() || text.ends_with("Connection: close\r\n\r\n")) << room;
  }
}

}  // namespace
}  // namespace prefork::worker
