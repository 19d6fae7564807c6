// What judges must be judged: canned answers, good and bad, over a real connection.
#include "tests/conformance/strict_reader.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "ipc/base/owned_fd.h"
#include "tests/conformance/run_case.h"

namespace prefork::test {
namespace {

const std::string kDated = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

// Says what it was told to, to the first who comes, and ends.
class CannedServer {
 public:
  explicit CannedServer(std::string words) : words_(std::move(words)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_.get(), any, size);
    ::listen(listener_.get(), 1);
    ::getsockname(listener_.get(), any, &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  [[nodiscard]] const std::string& url() const { return url_; }
  void speak() {
    peer_.reset(::accept(listener_.get(), nullptr, nullptr));
    ::send(peer_.get(), words_.data(), words_.size(), MSG_NOSIGNAL);
    ::shutdown(peer_.get(), SHUT_WR);
  }

 private:
  std::string words_;
  ipc::OwnedFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ipc::OwnedFd peer_;
  std::string url_;
};

Answer read_answer(const std::string& words, bool without_body = false) {
  CannedServer server(words);
  const Client client(server.url());
  server.speak();
  return StrictReader(client).read(without_body);
}

TEST(StrictReader, TakesEachValidForm) {
  EXPECT_EQ(read_answer(kDated + "Content-Length: 2\r\n\r\nhi").body, "hi");
  EXPECT_EQ(read_answer(kDated + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").body,
            "hi");
  EXPECT_EQ(read_answer(kDated + "Connection: close\r\n\r\nhi").body, "hi");
  EXPECT_EQ(read_answer(kDated + "Content-Length: 2\r\n\r\n", true).problem, "");
  EXPECT_EQ(read_answer("HTTP/1.1 100 Continue\r\n\r\n").status, 100);
  EXPECT_TRUE(read_answer("").ended);
}

TEST(StrictReader, RefusesEveryOtherForm) {
  const std::string length = "Content-Length: 2\r\n";
  for (const std::string& wrong : std::vector<std::string>{
           "HTTP/1.1 200\r\n\r\n",
           "HTTP/1.0 200 OK\r\n\r\n",
           "hello\r\n",
           "HTTP/1.1 200 OK\r\n" + length + "\r\nhi",
           "HTTP/1.1 200 OK\r\nDate: today\r\n" + length + "\r\nhi",
           "HTTP/1.1 200 OK\r\nDate: Mon, 06 Nov 1994 08:49:37 GMT\r\n" + length + "\r\nhi",
           kDated + "\r\nhi",
           kDated + length + length + "\r\nhi",
           kDated + "Content-Length: +2\r\n\r\nhi",
           kDated + length + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
           kDated + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
           kDated + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
           kDated + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
           kDated + "Content-Length: 3\r\n\r\nhi",
           kDated + "X : y\r\n" + length + "\r\nhi",
           kDated + "X: y\n" + length + "\r\nhi",
           kDated + "X: y\r\r\n" + length + "\r\nhi",
           "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
           "0\r\n\r\n",
       }) {
    EXPECT_NE(read_answer(wrong).problem, "") << wrong;
  }
}

// One request that wants a 200 and, if `closes`, the end behind it.
testing::AssertionResult play(bool closes, const std::string& words,
                              const std::vector<Condition>& conditions = {}) {
  CannedServer server(words);
  const std::jthread speaker([&server] { server.speak(); });
  Step step;
  step.send = "{R}\\r\\n";
  step.accepted = {{{{200, false}}, closes}};
  step.conditions = conditions;
  return run_case({1, "a case", "-", {step}, false}, server.url(), Pace::at_once);
}

TEST(RunCase, AcceptsWhatIsWantedAndNothingElse) {
  const std::string length = "Content-Length: 2\r\n";
  const std::string closing = kDated + "Connection: close\r\n" + length + "\r\nhi";
  const std::string open = kDated + length + "\r\nhi";
  const std::string next = kDated + "Content-Length: 13\r\n\r\nHello, World!";
  EXPECT_TRUE(play(true, closing));
  EXPECT_TRUE(play(false, open + next));
  EXPECT_FALSE(play(true, "")) << "no answer";
  EXPECT_FALSE(play(true, closing + "x")) << "bytes behind the last answer";
  EXPECT_FALSE(play(true, open)) << "it did not say that it would close";
  EXPECT_FALSE(play(false, closing)) << "it closed";
  EXPECT_FALSE(play(false, open)) << "it closed without saying so";
  EXPECT_FALSE(play(false, open + open)) << "another answer than to the request behind it";
}

TEST(RunCase, ChecksTheConditions) {
  using Kind = Condition::Kind;
  const std::string words = kDated + "Connection: close\r\nX: y\r\nContent-Length: 2\r\n\r\nhi";
  for (const Condition& holds : std::vector<Condition>{{0, Kind::header, "x", {}, 0},
                                                       {0, Kind::header, "X", "y", 0},
                                                       {404, Kind::header, "X", "z", 0},
                                                       {0, Kind::no_header, "Y", {}, 0},
                                                       {200, Kind::body, "", "hi", 0},
                                                       {0, Kind::body_holds, "", "i", 0},
                                                       {0, Kind::body_lacks, "", "x", 0},
                                                       {0, Kind::body_size, "", {}, 2},
                                                       {0, Kind::body_at_most, "", {}, 2}}) {
    EXPECT_TRUE(play(true, words, {holds}));
  }
  for (const Condition& fails : std::vector<Condition>{{0, Kind::header, "Y", {}, 0},
                                                       {200, Kind::header, "X", "z", 0},
                                                       {0, Kind::no_header, "x", {}, 0},
                                                       {0, Kind::body, "", "h", 0},
                                                       {0, Kind::body_holds, "", "x", 0},
                                                       {0, Kind::body_lacks, "", "i", 0},
                                                       {0, Kind::body_size, "", {}, 3},
                                                       {0, Kind::body_at_most, "", {}, 1}}) {
    EXPECT_FALSE(play(true, words, {fails}));
  }
}

}  // namespace
}  // namespace prefork::test
