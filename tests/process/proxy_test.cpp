// Behind a proxy: who the client is, what goes with every answer, how long a request may take.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

const std::string kAskWho = "GET /client HTTP/1.1\r\nHost: test\r\n\r\n";

std::string ask_with(const std::string& fields) {
  return "GET /client HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}

std::string client_line(const Reply& reply) { return reply.body.substr(0, reply.body.find('\n')); }

TEST(ProxyProtocol, APreambleNamesTheClient) {
  ServerProcess server({"--workers", "2", "--proxy-protocol"});
  Client client(server.url());
  client.send("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n" + kAskWho);
  EXPECT_EQ(client_line(client.receive()), "client 203.0.113.7:40000");
  // It holds for the whole connection.
  client.send(kAskWho);
  EXPECT_EQ(client_line(client.receive()), "client 203.0.113.7:40000");
}

TEST(ProxyProtocol, ABinaryPreambleThatComesInPiecesNamesTheClient) {
  ServerProcess server({"--workers", "2", "--proxy-protocol"});
  Client client(server.url());
  const std::string preamble(
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x07\xc0\0\x02\x01\x9c\x40\x01\xbb", 28);
  for (const char byte : preamble) {
    client.send(std::string_view(&byte, 1));
  }
  client.send(kAskWho);
  EXPECT_EQ(client_line(client.receive()), "client 203.0.113.7:40000");
}

TEST(ProxyProtocol, TheClientOfAPreambleIsTheOneForwardedHeadersAreTrustedBy) {
  ServerProcess server(
      {"--workers", "1", "--proxy-protocol", "--forwarded-allow-ips", "203.0.113.7"});
  Client client(server.url());
  client.send("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n" +
              ask_with("X-Forwarded-For: 198.51.100.9\r\n"));
  EXPECT_EQ(client_line(client.receive()), "client 198.51.100.9:0");
}

TEST(ProxyProtocol, WithoutItsPreambleAConnectionIsClosed) {
  ServerProcess server({"--workers", "1", "--proxy-protocol"});
  Client client(server.url());
  client.send(kAskWho);
  EXPECT_EQ(client.receive_to_the_end(), "");
  EXPECT_TRUE(server.has_logged({"connection of 127.0.0.1:", " closed: "}));
}

TEST(ProxyProtocol, APreambleThatDoesNotComeInTimeEndsTheConnection) {
  ServerProcess server({"--workers", "1", "--proxy-protocol", "--timeout-header", "200ms"});
  Client client(server.url());
  client.send("PROXY TCP4 203.0.113.7 ");
  EXPECT_EQ(client.receive_to_the_end(), "");
  EXPECT_TRUE(client.problem().empty()) << client.problem();
}

TEST(ProxyProtocol, OnlyAllowedPeersMaySendOne) {
  ServerProcess server(
      {"--workers", "1", "--proxy-protocol", "--proxy-allow-from", "192.0.2.0/24"});
  Client client(server.url());
  EXPECT_EQ(client.receive_to_the_end(), "");
  EXPECT_TRUE(server.has_logged({"not allowed to send a PROXY preamble (--proxy-allow-from)"}));
}

TEST(ProxyProtocol, CanBeExpectedOnOneAddressAndNotOnAnother) {
  ServerProcess server(
      {"--workers", "2", "--bind", "127.0.0.1:0,proxy-protocol", "--bind", "127.0.0.1:0"});
  Client with(server.urls().at(0));
  with.send("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n" + kAskWho);
  EXPECT_EQ(client_line(with.receive()), "client 203.0.113.7:40000");
  Client without(server.urls().at(1));
  without.send(kAskWho);
  EXPECT_EQ(client_line(without.receive()), "client " + without.own_address());
}

TEST(ProxyProtocol, ConnectionsThatAreHandedOnKeepTheirClient) {
  ServerProcess server({"--workers", "2", "--proxy-protocol"});
  Client client(server.url());
  client.send("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n" + kAskWho);
  ASSERT_EQ(client_line(client.receive()), "client 203.0.113.7:40000");
  const auto before = server.worker_pids();
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.wait_for_statistics([&](const Json&) {
    const auto now = server.worker_pids();
    return now.size() == 2 && now.at(0) != before.at(0) && now.at(1) != before.at(1);
  }));
  client.send(kAskWho);
  EXPECT_EQ(client_line(client.receive()), "client 203.0.113.7:40000");
}

TEST(ForwardedHeaders, OfATrustedPeerNameTheClientAndTheScheme) {
  ServerProcess server({"--workers", "1"});
  Client client(server.url());
  client.send(ask_with("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"));
  const Reply reply = client.receive();
  EXPECT_EQ(client_line(reply), "client 203.0.113.7:0");
  EXPECT_NE(reply.body.find("\nscheme https\n"), std::string::npos) << reply;
}

TEST(ForwardedHeaders, OfOthersAreNotBelieved) {
  ServerProcess server({"--workers", "1", "--forwarded-allow-ips", "192.0.2.1"});
  Client client(server.url());
  client.send(ask_with("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"));
  const Reply reply = client.receive();
  EXPECT_EQ(client_line(reply), "client " + client.own_address());
  EXPECT_NE(reply.body.find("\nscheme http\n"), std::string::npos) << reply;
}

TEST(ForwardedHeaders, CanBeSwitchedOff) {
  ServerProcess server({"--workers", "1", "--no-proxy-headers"});
  Client client(server.url());
  client.send(ask_with("X-Forwarded-For: 203.0.113.7\r\n"));
  EXPECT_EQ(client_line(client.receive()), "client " + client.own_address());
}

TEST(FixedFields, AreAddedAndLeftOutAsConfigured) {
  ServerProcess server({"--workers", "1", "--header", "X-Frame-Options: DENY", "--header",
                        "X-Two:2", "--no-date-header", "--no-server-header"});
  Client client(server.url());
  const Reply reply = client.get("/plaintext");
  EXPECT_EQ(reply.header("X-Frame-Options"), "DENY") << reply;
  EXPECT_EQ(reply.header("X-Two"), "2") << reply;
  EXPECT_FALSE(reply.header("Date")) << reply;
  EXPECT_FALSE(reply.header("Server")) << reply;
  // The server's own answers are no exception.
  client.send("BAD\r\n\r\n");
  EXPECT_EQ(client.receive().header("X-Frame-Options"), "DENY");
  // The admin listener is nobody's application.
  EXPECT_EQ(get(server.admin_url(), "/healthz").header("X-Frame-Options"), std::nullopt);
}

TEST(FixedFields, AServerFieldTakesThePlaceOfOurs) {
  ServerProcess server({"--workers", "1", "--header", "server: mine"});
  const Reply reply = get(server.url(), "/plaintext");
  EXPECT_EQ(reply.header("Server"), "mine") << reply;
  EXPECT_EQ(reply.head.find("prefork-server"), std::string::npos) << reply;
}

TEST(RootPath, IsToldToTheApplication) {
  ServerProcess server({"--workers", "1", "--root-path", "/shop"});
  const Reply reply = get(server.url(), "/client");
  EXPECT_NE(reply.body.find("\nroot path /shop/\n"), std::string::npos) << reply;
}

TEST(RequestTimeout, ARequestThatTakesTooLongIsAnsweredWith504) {
  ServerProcess server({"--workers", "1", "--timeout-request", "300ms"});
  Client client(server.url());
  client.send("GET /sleep?ms=1500 HTTP/1.1\r\nHost: test\r\n\r\n");
  const Reply reply = client.receive();
  EXPECT_EQ(reply.status, 504) << reply;
  EXPECT_TRUE(reply.says_close()) << reply;
  // The handler's own answer goes nowhere, and the worker goes on.
  EXPECT_EQ(client.receive_to_the_end(), "");
  EXPECT_EQ(get(server.url(), "/plaintext").status, 200);
}

}  // namespace
}  // namespace prefork::test
