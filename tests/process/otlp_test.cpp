// Spans on their way to a collector: which ones, what is in them, and what becomes of them when
// somebody on the way is away, slow or dead.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/collector.h"
#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kSpansApp = test_app("traced");
constexpr const char* kNginx = "/usr/sbin/nginx";
constexpr const char* kSampledTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kSampledCaller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* kUnsampledCaller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
// A batch waits for five seconds for more.
const Milliseconds kBatchPatience{20'000 * kSlowness};

std::vector<std::string> arguments(const Collector& collector,
                                   const std::vector<std::string>& more = {},
                                   const std::string& sample = "0") {
  std::vector<std::string> all = {kSpansApp,      "--workers",      "1",    "--trace",
                                  "otlp",         "--trace-sample", sample, "--trace-collector",
                                  collector.url()};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

int status_of(const std::string& url, const std::string& path, const std::string& parent = "") {
  Client client(url);
  const std::string field = parent.empty() ? "" : "traceparent: " + parent + "\r\n";
  client.send("GET " + path + " HTTP/1.1\r\nHost: shop:80\r\n" + field + "\r\n");
  const Reply reply = client.receive();
  if (reply.header("Transfer-Encoding")) {
    // One that leaves before the end cuts the answer short, and its span.
    std::string content;
    EXPECT_TRUE(client.receive_until("\r\n0\r\n\r\n", content)) << content;
  }
  return reply.status;
}

TEST(Otlp, SendsASpanOfWhatTheCallerSamples) {
  const Collector collector;
  ServerProcess server(arguments(collector, {"--trace-service", "the shop"}));
  EXPECT_EQ(status_of(server.url(), "/pool/seven?q=1", kSampledCaller), 200);
  EXPECT_EQ(status_of(server.url(), "/loop", kUnsampledCaller), 200);
  EXPECT_EQ(status_of(server.url(), "/loop"), 200);
  EXPECT_EQ(server.stop(), exit_code(0)) << "which sends what is left";
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0]["service"], "the shop");
  const Json& span = spans[0]["span"];
  EXPECT_EQ(span["traceId"], kSampledTrace);
  EXPECT_EQ(span["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(span["name"], "GET /pool/{name}");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["flags"], 0x301);
  EXPECT_LT(std::stoull(span["startTimeUnixNano"].get<std::string>()),
            std::stoull(span["endTimeUnixNano"].get<std::string>()));
  EXPECT_EQ(attribute_of(span, "http.request.method"), "GET");
  EXPECT_EQ(attribute_of(span, "http.route"), "/pool/{name}");
  EXPECT_EQ(attribute_of(span, "url.path"), "/pool/seven");
  EXPECT_EQ(attribute_of(span, "url.scheme"), "http");
  EXPECT_EQ(attribute_of(span, "http.response.status_code"), "200");
  EXPECT_EQ(attribute_of(span, "client.address"), "127.0.0.1");
  EXPECT_EQ(attribute_of(span, "server.address"), "shop");
  EXPECT_EQ(attribute_of(span, "server.port"), "80");
  EXPECT_EQ(attribute_of(span, "network.protocol.version"), "1.1");
  EXPECT_EQ(attribute_of(span, "shop.name"), "seven");
  EXPECT_NE(collector.last_head().find("Content-Type: application/json\r\n"), std::string::npos);
}

TEST(Otlp, SendsSpansOfWhatFailsOrIsSlowThoughNobodySamplesThem) {
  const Collector collector;
  ServerProcess server(arguments(collector, {"--slow-request", "50ms"}));
  EXPECT_EQ(status_of(server.url(), "/fail", kUnsampledCaller), 500);
  EXPECT_EQ(status_of(server.url(), "/sleep/100"), 200);
  EXPECT_EQ(status_of(server.url(), "/nothing"), 404);
  EXPECT_EQ(server.stop(), exit_code(0));
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(attribute_of(spans[0]["span"], "error.type"), "500");
  EXPECT_EQ(spans[0]["span"]["status"]["code"], 2);
  EXPECT_EQ(spans[1]["span"]["name"], "GET /sleep/{ms}");
  EXPECT_EQ(attribute_of(spans[1]["span"], "error.type"), "none");
  EXPECT_FALSE(spans[1]["span"].contains("parentSpanId"));
}

TEST(Otlp, HasTheAttributesOfHandlersWhereverTheyRun) {
  const Collector collector;
  ServerProcess server(arguments(collector));
  EXPECT_EQ(status_of(server.url(), "/later", kSampledCaller), 200);
  EXPECT_EQ(get(server.url(), "/stream").status, 200);
  EXPECT_EQ(status_of(server.url(), "/stream", kSampledCaller), 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(attribute_of(spans[0]["span"], "thread"), "own");
  EXPECT_EQ(attribute_of(spans[1]["span"], "late"), "yes");
}

TEST(Otlp, GoesOnByItselfOverOneConnection) {
  const Collector collector;
  const ServerProcess server(arguments(collector, {}, "1"));
  Client client(server.url());
  for (int i = 0; i < 1500; ++i) {
    ASSERT_EQ(client.get("/loop").status, 200);
  }
  EXPECT_TRUE(collector.wait_for_spans(1500, kBatchPatience)) << collector.spans().size();
  EXPECT_EQ(collector.connections(), 1U);
  EXPECT_GE(collector.requests(), 3U);
  EXPECT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["traces"]["sent"] == 1500 && report["totals"]["logs"]["spans_lost"] == 0;
  }));
}

TEST(Otlp, TriesAgainWhereTheCollectorIsOverloaded) {
  Collector collector;
  collector.answer_with(503);
  const ServerProcess server(arguments(collector));
  EXPECT_EQ(status_of(server.url(), "/loop", kSampledCaller), 200);
  EXPECT_TRUE(server.has_logged({"does not take spans: answered with 503; it is tried again"},
                                kBatchPatience));
  collector.answer_with(200);
  EXPECT_TRUE(collector.wait_for_spans(1, kBatchPatience));
  EXPECT_TRUE(server.has_logged({"takes spans again; 0 spans discarded meanwhile"}));
}

TEST(Otlp, DiscardsWhatTheCollectorRefuses) {
  Collector collector;
  collector.answer_with(400);
  collector.close_connections(true);
  const ServerProcess server(arguments(collector));
  EXPECT_EQ(status_of(server.url(), "/loop", kSampledCaller), 200);
  EXPECT_TRUE(server.has_logged({"does not take spans: answered with 400; they are discarded"},
                                kBatchPatience));
  EXPECT_TRUE(server.wait_for_statistics(
      [](const Json& report) { return report["traces"]["discarded"] == 1; }));
  collector.answer_with(200);
  EXPECT_EQ(status_of(server.url(), "/loop", kSampledCaller), 200);
  EXPECT_TRUE(server.has_logged({"takes spans again; 1 span discarded meanwhile"}, kBatchPatience));
}

TEST(Otlp, NobodyWaitsForACollectorThatIsNotThere) {
  std::string url;
  {
    const Collector collector;
    url = collector.url();
  }
  ServerProcess server({kSpansApp, "--workers", "1", "--trace", "otlp", "--trace-sample", "1",
                        "--trace-collector", url});
  EXPECT_EQ(status_of(server.url(), "/loop"), 200);
  EXPECT_TRUE(
      server.has_logged({"does not take spans: ", "refused; it is tried again"}, kBatchPatience));
  EXPECT_EQ(status_of(server.url(), "/loop"), 200);
  EXPECT_EQ(get(server.admin_url(), "/healthz").status, 200);
  const auto start = TestClock::now();
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_LT(elapsed_since(start), 3 * kASecond);
}

TEST(Otlp, SendsWhatAKilledWorkerHadFinishedThroughTheNextObserver) {
  const Collector collector;
  ServerProcess server(arguments(collector));
  const auto observer = server.statistics()["server"]["observer_pid"].get<pid_t>();
  const pid_t worker = server.worker_pid(0);
  ::kill(observer, SIGSTOP);
  EXPECT_EQ(status_of(server.url(), "/pool/x", kSampledCaller), 200);
  ::kill(worker, SIGKILL);
  ::kill(observer, SIGKILL);
  EXPECT_TRUE(collector.wait_for_spans(1, kBatchPatience));
  EXPECT_EQ(collector.spans().front()["span"]["traceId"], kSampledTrace);
}

TEST(Otlp, IsAsItIsThroughAReloadAndInSpawnedProcesses) {
  const Collector collector;
  ServerProcess server(arguments(collector, {"--start-method", "spawn"}));
  EXPECT_EQ(status_of(server.url(), "/pool/before", kSampledCaller), 200);
  server.send_signal(SIGHUP);
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(status_of(server.url(), "/pool/after", kSampledCaller), 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(attribute_of(spans[0]["span"], "shop.name"), "before");
  EXPECT_EQ(attribute_of(spans[1]["span"], "shop.name"), "after");
}

TEST(Otlp, GoesOnAcrossAnUpgrade) {
  const Collector collector;
  ServerProcess server(arguments(collector));
  EXPECT_EQ(status_of(server.url(), "/pool/before", kSampledCaller), 200);
  server.send_signal(SIGUSR2);
  ASSERT_TRUE(server.wait_for_statistics([](const Json& report) {
    return report["server"]["state"] == "running" && report["workers"].size() == 1 &&
           report["workers"][0]["generation"] == 2 && report["workers"][0]["state"] == "ready";
  }));
  EXPECT_EQ(status_of(server.url(), "/pool/after", kSampledCaller), 200);
  EXPECT_EQ(server.stop(), exit_code(0));
  EXPECT_EQ(collector.spans().size(), 2U);
}

TEST(Otlp, ToBeginWithTakesARestart) {
  const Collector collector;
  const TemporaryFolder folder;
  const std::string file = folder.write("shop.toml", "trace = \"propagate\"\n");
  const ServerProcess server({kSpansApp, "--workers", "1", "--config", file});
  folder.write("shop.toml", "trace = \"otlp\"\n");
  server.send_signal(SIGHUP);
  EXPECT_TRUE(server.has_logged({"--trace otlp: to begin with it takes a restart"}));
  ASSERT_TRUE(server.has_logged({"reload to generation 2 is done"}));
  EXPECT_EQ(status_of(server.url(), "/loop", kSampledCaller), 200);
}

// A trace that began before the proxy arrives whole: as the proxy's configuration says it.
TEST(Otlp, TakesATraceFromNginxToTheCollector) {
  if (::access(kNginx, X_OK) != 0) {
    GTEST_SKIP() << "nginx is not installed";
  }
  const Collector collector;
  ServerProcess server(arguments(collector));
  const TemporaryFolder folder;
  const std::string address = server.url().substr(std::string_view("http://").size());
  Launch launch;
  launch.program = kNginx;
  launch.arguments = {
      "-p",
      ".",
      "-e",
      "stderr",
      "-c",
      folder.write(
          "nginx.conf",
          "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\n"
          "access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; "
          "uwsgi_temp_path u; scgi_temp_path s;\n"
          "server { listen unix:" +
              (folder / "proxy.sock") + "; location / { proxy_pass http://" + address +
              ";\nproxy_set_header traceparent \"00-${request_id}-" + "00f067aa0ba902b7-01\";\n" +
              "proxy_set_header X-Request-Id $request_id;\n"
              "add_header X-Trace $request_id; } } }\n")};
  launch.working_folder = folder.path();
  launch.stderr_path = folder / "stderr";
  const ChildProcess proxy(launch);
  const std::string proxy_url = "unix:" + (folder / "proxy.sock");
  ASSERT_TRUE(wait_until([&] { return Client(proxy_url).is_connected(); }))
      << read_file(folder / "stderr");
  const Reply reply = get(proxy_url, "/pool/through-nginx");
  ASSERT_EQ(reply.status, 200) << reply;
  const std::string trace = reply.header("x-trace").value_or("");
  EXPECT_EQ(reply.body.substr(0, 36), "on " + trace + " ") << "what the application has seen";
  EXPECT_EQ(server.stop(), exit_code(0));
  const auto spans = collector.spans();
  ASSERT_EQ(spans.size(), 1U);
  const Json& span = spans[0]["span"];
  EXPECT_EQ(span["traceId"], trace);
  EXPECT_EQ(span["parentSpanId"], "00f067aa0ba902b7");
  EXPECT_EQ(attribute_of(span, "shop.name"), "through-nginx");
}

}  // namespace
}  // namespace prefork::test
