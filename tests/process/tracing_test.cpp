// Traces as others see them: the caller's goes on through the application, and both logs name it.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kTracedApp = test_app("traced");
constexpr const char* kCallerTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kCaller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Reply ask(const ServerProcess& server, const std::string& path, const std::string& fields) {
  Client client(server.url());
  client.send("GET " + path + " HTTP/1.1\r\nHost: shop\r\n" + fields + "\r\n");
  return client.receive();
}

std::string content_of_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Tracing, GoesOnThroughTheApplicationWhereverItsHandlersRun) {
  const ServerProcess server({kTracedApp, "--workers", "1", "--trace", "propagate"});
  const std::string fields =
      std::string("traceparent: ") + kCaller + "\r\ntracestate: a=1\r\ntracestate: b=2\r\n";
  for (const char* path : {"/pool/x", "/loop", "/later"}) {
    const Reply reply = ask(server, path, fields);
    const std::regex shape("on " + std::string(kCallerTrace) +
                           " ([0-9a-f]{16}) b7ad6b7169203331 sampled 00-" + kCallerTrace +
                           "-\\1-01 a=1,b=2\n");
    EXPECT_TRUE(std::regex_match(reply.body, shape)) << path << ": " << reply.body;
  }
}

TEST(Tracing, BeginsATraceWhereNobodyOrNobodyUnderstandableHas) {
  const ServerProcess server(
      {kTracedApp, "--workers", "1", "--trace", "propagate", "--trace-sample", "0"});
  const std::regex shape("on ([0-9a-f]{32}) ([0-9a-f]{16})  not 00-\\1-\\2-00 \n");
  const std::string twice =
      std::string("traceparent: ") + kCaller + "\r\ntraceparent: " + kCaller + "\r\n";
  for (const std::string& fields : {std::string(), std::string("traceparent: 00-x\r\n"), twice}) {
    const Reply reply = ask(server, "/loop", fields);
    EXPECT_TRUE(std::regex_match(reply.body, shape)) << reply.body;
    EXPECT_EQ(reply.body.find(kCallerTrace), std::string::npos);
  }
}

TEST(Tracing, IsOffUnlessAskedFor) {
  const ServerProcess server({kTracedApp, "--workers", "1"});
  const Reply reply = ask(server, "/loop", std::string("traceparent: ") + kCaller + "\r\n");
  EXPECT_EQ(reply.body, "off    not  \n");
}

TEST(Tracing, IsNamedInBothLogsWithTheIdOfATrustedProxy) {
  const TemporaryFolder folder;
  const std::string log = folder / "access.log";
  const ServerProcess server({kTracedApp, "--workers", "1", "--trace", "propagate", "--access-log",
                              log, "--access-log-format", "$request_id_text $trace_id"});
  const std::string fields = std::string("traceparent: ") + kCaller + "\r\nX-Request-Id: a1-b2\r\n";
  EXPECT_EQ(ask(server, "/fail", fields).status, 500);
  EXPECT_TRUE(
      server.has_logged({"GET /fail answered with 500: out of stock (request id a1-b2, "
                         "trace 0af7651916cd43dd8448eb211c80319c)"}));
  EXPECT_TRUE(wait_until([&log] {
    return content_of_file(log) == std::string("a1-b2 ") + kCallerTrace + "\n";
  })) << content_of_file(log);
}

TEST(Tracing, TakesNoIdFromWhoIsNoProxy) {
  const TemporaryFolder folder;
  const std::string log = folder / "access.log";
  const ServerProcess server({kTracedApp, "--workers", "1", "--forwarded-allow-ips", "10.0.0.1",
                              "--access-log", log, "--access-log-format", "$request_id_text"});
  EXPECT_EQ(ask(server, "/fail", "X-Request-Id: a1-b2\r\n").status, 500);
  EXPECT_TRUE(server.has_logged({"answered with 500: out of stock"}));
  EXPECT_EQ(server.times_logged("request id"), 0U);
  EXPECT_TRUE(wait_until([&log] { return content_of_file(log) == "1\n"; }));
}

TEST(ServerTiming, SaysHowLongARequestWaitedAndRan) {
  const ServerProcess server({kTracedApp, "--workers", "1", "--server-timing"});
  const std::regex shape(R"(queue;dur=(\d+\.\d{3}), app;dur=(\d+\.\d{3})(, recv;dur=\d+)?)");
  std::smatch times;
  const std::string slow = ask(server, "/sleep/20", "").header("server-timing").value_or("none");
  ASSERT_TRUE(std::regex_match(slow, times, shape)) << slow;
  EXPECT_GE(std::stod(times[2]), 20.0);
  const std::string later = ask(server, "/later", "").header("server-timing").value_or("none");
  EXPECT_TRUE(std::regex_match(later, shape)) << later;
  // It would take the clock. On a busy machine the kernel may tell how long the request lay there.
  const std::string loop = ask(server, "/loop", "").header("server-timing").value_or("");
  EXPECT_EQ(loop.find("app;dur"), std::string::npos) << loop;
  const std::string nothing = ask(server, "/nothing", "").header("server-timing").value_or("");
  EXPECT_EQ(nothing.find("app;dur"), std::string::npos) << nothing;
}

TEST(ServerTiming, IsOffUnlessAskedFor) {
  const ServerProcess server({kTracedApp, "--workers", "1"});
  EXPECT_FALSE(ask(server, "/sleep/1", "").header("server-timing"));
}

}  // namespace
}  // namespace prefork::test
