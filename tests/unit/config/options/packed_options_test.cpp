#include "config/options/packed_options.h"

#include <gtest/gtest.h>

#include "config/options/option_table.h"
#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

Options sent(const Options& options) {
  const auto received = unpack_options(pack_options(options));
  EXPECT_TRUE(received.ok()) << received.problem().text;
  return received.value();
}

void expect_the_same(const Options& options) {
  const Options received = sent(options);
  for (const OptionSpec& option : option_table()) {
    EXPECT_EQ(field_texts(option.field, received), field_texts(option.field, options))
        << option.name;
  }
  EXPECT_EQ(received.listening.binds, options.listening.binds);
  EXPECT_EQ(received.processes.worker_cpus, options.processes.worker_cpus);
  EXPECT_TRUE(received == options) << "something that no option shows was left behind";
}

class PackedOptions : public testing::Test {
 protected:
  const TemporaryFolder folder_;
};

TEST_F(PackedOptions, ArriveAsTheyWereByDefault) {
  expect_the_same(Options{});
  expect_the_same(options_of({}));
  expect_the_same(options_of({"--workers", "1", "--cpu-affinity", "auto"}));
}

TEST_F(PackedOptions, ArriveAsTheyWereWithEverythingSet) {
  const std::string app = folder_.write("lib shop.so", "");
  expect_the_same(options_of({app,
                              "--bind",
                              "127.0.0.1:0",
                              "--bind",
                              "[::1]:8443,proxy-protocol",
                              "--backlog",
                              "17",
                              "--workers",
                              "3",
                              "--threads",
                              "5",
                              "--pool",
                              "slow=2,queue=7,wait=off,batch",
                              "--pool",
                              "default=3,wait=2s,reserve=1",
                              "--pool-order",
                              "feedback",
                              "--limit-max-requests",
                              "9",
                              "--preload",
                              "--timeout-worker-boot",
                              "1234ms",
                              "--timeout-worker-healthcheck",
                              "off",
                              "--timeout-replaced-worker",
                              "90m",
                              "--reload-max-unavailable",
                              "25%",
                              "--probe-path",
                              "/ready",
                              "--reload-soak",
                              "31s",
                              "--head-parser",
                              "llhttp",
                              "--limit-body",
                              "0",
                              "--limit-request-line",
                              "257",
                              "--forwarded-allow-ips",
                              "10.0.0.0/8,unix",
                              "--root-path",
                              "/shop",
                              "--header",
                              "X-Empty:",
                              "--header",
                              "X-Text: a \"quoted\", b",
                              "--no-date-header",
                              "--reload",
                              "--reload-dir",
                              folder_.path().string(),
                              "--admin",
                              "off",
                              "--log-level",
                              "error",
                              "--access-log",
                              "-",
                              "--access-log-format",
                              "$status $http_referer $$",
                              "--server-timing",
                              "--trace",
                              "propagate",
                              "--trace-collector",
                              "http://[::1]:9/spans",
                              "--trace-sample",
                              "0.25",
                              "--trace-service",
                              "the shop",
                              "--set",
                              "database=/var/lib/shop.db",
                              "--set",
                              "empty="}));
}

TEST_F(PackedOptions, ArriveAsTheyWereForAFolderBehindAProxy) {
  expect_the_same(options_of({folder_.path().string(),
                              "--uds",
                              folder_ / "a.sock",
                              "--uds-mode",
                              "0",
                              "--proxy-protocol",
                              "--proxy-allow-from",
                              "*",
                              "--no-proxy-headers",
                              "--index",
                              "home.htm",
                              "--listing",
                              "--cache-control",
                              "*.js=max-age=3600",
                              "--cache-control",
                              "/a/*=no-cache",
                              "--admin",
                              "unix:" + (folder_ / "admin"),
                              "--admin-mode",
                              "600",
                              "--admin-token",
                              folder_.write("token", "0123456789abcdef"),
                              "--admin-public",
                              "health,metrics",
                              "--access-log-format",
                              "json"},
                             {{"WEB_CONCURRENCY", "2"}}));
}

TEST_F(PackedOptions, DoNotDependOnWhatTheProcessFinds) {
  const std::string folder = folder_.path().string() + "/site";
  std::filesystem::create_directory(folder);
  const std::string packed = pack_options(options_of({folder}));
  std::filesystem::remove(folder);
  const auto received = unpack_options(packed);
  ASSERT_TRUE(received.ok()) << received.problem().text;
  EXPECT_EQ(received.value().target.path, folder);
  EXPECT_EQ(received.value().target.kind, ServeTarget::Kind::folder);
}

TEST_F(PackedOptions, ThatAreNoneAreRefused) {
  using namespace std::string_literals;
  const std::string packed = pack_options(Options{});
  EXPECT_EQ(unpack_options(std::string_view(packed).substr(0, packed.size() - 1)).problem().text,
            "the options are cut off");
  EXPECT_EQ(unpack_options("threads\0"s).problem().text, "the options are cut off");
  EXPECT_EQ(unpack_options("colour\0red\0"s).problem().text,
            "the option 'colour': there is no such option");
  EXPECT_EQ(unpack_options("threads\0many\0"s).problem().text,
            "the option 'threads': 'many' is not a whole number; use 1 to 256");
  EXPECT_EQ(unpack_options("kind of app\0"s
                           "9\0"s)
                .problem()
                .text,
            "the option 'kind of app': '9' is nothing that can be served");
  EXPECT_EQ(unpack_options("admin is default\0maybe\0"s).problem().text,
            "the option 'admin is default': 'maybe' is neither on nor off");
}

}  // namespace
}  // namespace prefork::config
