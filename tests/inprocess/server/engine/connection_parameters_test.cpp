// What a route takes from the path, as its handler sees it: on the loop and on the pool, whether
// the path was sent as it is or had to be decoded, and however the request came in.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/exchange/body_channel.h"
#include "tests/inprocess/server/engine/http_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

std::string parameters_of(const http::Request& request) {
  std::string text;
  for (const http::Field& parameter : request.parameters) {
    text.append(parameter.name).append("=").append(parameter.value).append(";");
  }
  return text;
}

class ConnectionParameters : public HttpTest {
 protected:
  ConnectionParameters() {
    executor_ = &held_;
    const exchange::Handler tell = [](const http::Request& request, http::Response& response) {
      response.set_body(parameters_of(request) + std::string(request.body));
    };
    for (const http::Method method : {http::Method::get, http::Method::post}) {
      router_.add(method, "/loop/{first}/x/{second}", exchange::RunOn::loop, tell);
      router_.add(method, "/loop/{rest...}", exchange::RunOn::loop, tell);
      router_.add(method, "/pool/{first}/x/{second}", exchange::RunOn::pool, tell);
      router_.add(method, "/pool/{rest...}", exchange::RunOn::pool, tell);
    }
    router_.add(http::Method::post, "/upload/{name}", {.streams_body = true},
                [](const http::Request& request, http::Response& response) {
                  response.set_body(parameters_of(request));
                });
  }

  // Lets the jobs that wait run. What the connection had of the request is no use to them.
  std::string answer_of(Client& client) {
    while (!held_.jobs.empty()) {
      held_.complete(server());
      turn();
    }
    return client.take();
  }

  HeldJobs held_;
};

struct Sent {
  std::string path;
  std::string parameters;
};

const std::vector<Sent>& targets() {
  static const std::vector<Sent> kTargets = {
      {"/1/x/2", "first=1;second=2;"},
      {"/" + std::string(300, 'l') + "/x/" + std::string(300, 'm'),
       "first=" + std::string(300, 'l') + ";second=" + std::string(300, 'm') + ";"},
      {"/a/b/c", "rest=a/b/c;"},
      {"/a%20b/x/%C3%A9?q=1", "first=a b;second=\xC3\xA9;"},
      {"/no/../some/./thing", "rest=some/thing;"},
      {"/a%2Fx/x/%2Fb", "first=a/x;second=/b;"},
      {"/a%2Fx%2Fb", "rest=a/x/b;"},
  };
  return kTargets;
}

TEST_F(ConnectionParameters, ReachHandlersWhenTheRequestComesInOnePiece) {
  for (const std::string where : {"/loop", "/pool"}) {
    for (const Sent& sent : targets()) {
      Client client = connect();
      client.send(get(where + sent.path));
      turn();
      EXPECT_EQ(answer_of(client), answer(200, sent.parameters)) << where << sent.path;
      client.send(post(where + sent.path, "body"));
      turn();
      EXPECT_EQ(answer_of(client), answer(200, sent.parameters + "body")) << where << sent.path;
    }
  }
}

// The head's bytes go before the handler is called.
TEST_F(ConnectionParameters, ReachHandlersWhenTheBodyComesLater) {
  for (const std::string where : {"/loop", "/pool"}) {
    for (const Sent& sent : targets()) {
      const std::string bytes = post(where + sent.path, "the body");
      for (const std::size_t cut : {bytes.size() - 8, bytes.size() - 7, bytes.size() - 1}) {
        Client client = connect();
        client.send(bytes.substr(0, cut));
        turn();
        Client other = connect();
        exchange(other, post("/echo", std::string(5000, '#')));
        for (const char byte : bytes.substr(cut)) {
          client.send({&byte, 1});
          turn();
        }
        EXPECT_EQ(answer_of(client), answer(200, sent.parameters + "the body"))
            << where << sent.path;
      }
    }
  }
}

TEST_F(ConnectionParameters, ReachHandlersWhenTheHeadComesByteByByte) {
  for (const std::string where : {"/loop", "/pool"}) {
    Client client = connect();
    for (const char byte : post(where + "/a%20b/x/c", "z")) {
      client.send({&byte, 1});
      turn();
    }
    EXPECT_EQ(answer_of(client), answer(200, "first=a b;second=c;z")) << where;
  }
}

TEST_F(ConnectionParameters, ReachHandlersOfChunkedBodies) {
  for (const std::string where : {"/loop", "/pool"}) {
    Client client = connect();
    client.send("POST " + where +
                "/a%20b/x/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    turn();
    client.send("2\r\nde\r\n0\r\n\r\n");
    turn();
    EXPECT_EQ(answer_of(client), answer(200, "first=a b;second=c;abcde")) << where;
  }
}

TEST_F(ConnectionParameters, ReachHandlersThatReadTheBodyAsItArrives) {
  Client client = connect();
  client.send(post("/upload/a%20b", "whole"));
  turn();
  EXPECT_NE(answer_of(client).find("\r\n\r\nname=a b;"), std::string::npos);
  Client slow = connect();
  const std::string bytes = post("/upload/plain", "in pieces");
  slow.send(bytes.substr(0, bytes.size() - 9));
  turn();
  slow.send("in ");
  turn();
  ASSERT_EQ(held_.jobs.size(), 1U);
  EXPECT_NE(answer_of(slow).find("\r\n\r\nname=plain;"), std::string::npos);
}

// Each request of a connection uses the same room for them.
TEST_F(ConnectionParameters, AreThoseOfTheRequestAlone) {
  router_.add(http::Method::get, "/none", exchange::RunOn::loop,
              [](const http::Request& request, http::Response& response) {
                response.set_body(parameters_of(request) + "none");
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/loop/1/x/2") + get("/none") + get("/loop/3")),
            answer(200, "first=1;second=2;") + answer(200, "none") + answer(200, "rest=3;"));
}

TEST_F(ConnectionParameters, AreFoundByName) {
  router_.add(http::Method::get, "/named/{id}/{Id}", exchange::RunOn::loop,
              [](const http::Request& request, http::Response& response) {
                EXPECT_EQ(request.parameter("x"), std::nullopt);
                EXPECT_EQ(request.parameter("ID"), std::nullopt);
                response.set_body(std::string(request.parameter("Id").value_or("")) +
                                  std::string(request.parameter("id").value_or("")));
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/named/1/2")), answer(200, "21"));
}

}  // namespace
}  // namespace prefork::engine
