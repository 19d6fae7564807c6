// Whose word counts about who the client is: told once for a connection, used for each request.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionProxyTest : public HttpTest {
 protected:
  ConnectionProxyTest() {
    router_.add(http::Method::get, "/who", exchange::RunOn::loop,
                [](const http::Request& request, http::Response& response) {
                  std::string text = ipc::host_of(request.peer);
                  text.append(request.scheme == http::Scheme::https ? " https" : " http");
                  text.append(request.is_from_proxy ? " by a proxy" : "");
                  response.set_body(std::move(text));
                });
  }

  // Peers are on a Unix socket.
  std::string ask(Client& client, const std::string& fields = {}) {
    const std::string answer =
        exchange(client, "GET /who HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
};

const std::string kForwarded = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";

TEST_F(ConnectionProxyTest, EachRequestOfATrustedPeerSaysForItselfWhoItsClientIs) {
  Client client = connect();
  EXPECT_EQ(ask(client), "unix http by a proxy");
  EXPECT_EQ(ask(client, kForwarded), "192.0.2.1 https by a proxy");
  EXPECT_EQ(ask(client, "Forwarded: for=192.0.2.2\r\n"), "192.0.2.2 http by a proxy");
  EXPECT_EQ(ask(client), "unix http by a proxy");
}

TEST_F(ConnectionProxyTest, NobodyElseIsBelieved) {
  settings_.proxies.forwarded_allow_ips = {};
  ASSERT_TRUE(settings_.proxies.forwarded_allow_ips.add("10.0.0.0/8").ok());
  Client client = connect();
  EXPECT_EQ(ask(client, kForwarded), "unix http");
}

TEST_F(ConnectionProxyTest, NobodyIsWhereProxiesAreNotListenedTo) {
  settings_.proxies.proxy_headers = false;
  Client client = connect();
  EXPECT_EQ(ask(client, kForwarded), "unix http");
}

}  // namespace
}  // namespace prefork::engine
