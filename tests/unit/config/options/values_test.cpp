// Every option with its range: what it takes, and the exact line for what it does not take.
#include <gtest/gtest.h>

#include "config/options/option_table.h"
#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

struct RangeCase {
  const char* option;
  const char* least;
  const char* most;
  const char* below;
  const char* above;
  const char* range;
};

constexpr RangeCase kRanges[] = {
    {"port", "0", "65535", "-1", "65536", "0 to 65535"},
    {"fd", "0", "2", "-1", "1048576", "0 to 1048575"},
    {"backlog", "1", "65535", "0", "65536", "1 to 65535"},
    {"workers", "1", "256", "0", "257", "1 to 256 or auto"},
    {"threads", "1", "256", "0", "257", "1 to 256"},
    {"limit-max-requests", "0", "1000000000", "-1", "1000000001", "0 to 1000000000"},
    {"limit-max-requests-jitter", "0", "0", "-1", "1000000001", "0 to 1000000000"},
    {"max-worker-lifetime", "1s", "720h", "999ms", "721h", "1s to 720h or off"},
    {"max-worker-memory", "0", "1024g", "-1", "1025g", "0 to 1024g"},
    {"timeout-worker-boot", "10ms", "24h", "9ms", "86401s", "10ms to 24h"},
    {"timeout-worker-healthcheck", "500ms", "24h", "499ms", "86401s", "500ms to 24h or off"},
    {"slow-request", "10ms", "24h", "9ms", "25h", "10ms to 24h or off"},
    {"timeout-graceful-shutdown", "10ms", "24h", "0", "25h", "10ms to 24h"},
    {"timeout-replaced-worker", "10ms", "24h", "9ms", "25h", "10ms to 24h or off"},
    {"reload-max-unavailable", "1", "256", "0", "257", "1 to 256 or 1% to 100%"},
    {"reload-max-unavailable", "1%", "100%", "0%", "101%", "1 to 256 or 1% to 100%"},
    {"reload-soak", "10ms", "24h", "9ms", "25h", "10ms to 24h or off"},
    {"timeout-keep-alive", "10ms", "24h", "0", "25h", "10ms to 24h"},
    {"timeout-header", "10ms", "24h", "-1s", "25h", "10ms to 24h"},
    {"timeout-body", "10ms", "24h", "9ms", "86400001ms", "10ms to 24h"},
    {"timeout-write", "10ms", "24h", "9ms", "99999999999999999999h", "10ms to 24h"},
    {"timeout-request", "10ms", "24h", "9ms", "25h", "10ms to 24h or off"},
    {"limit-connections", "1", "1000000", "0", "1000001", "1 to 1000000"},
    {"limit-concurrency", "1", "1000000", "0", "1000001", "1 to 1000000"},
    {"limit-streams", "1", "1000000", "0", "1000001", "1 to 1000000"},
    {"limit-queue", "1", "1000000", "0", "4294967297", "1 to 1000000"},
    {"limit-request-line", "256", "32k", "255", "65537", "256 to 64k"},
    {"limit-header-bytes", "8k", "1m", "1023", "1025k", "1k to 1m"},
    {"limit-header-count", "1", "1000", "0", "1001", "1 to 1000"},
    {"limit-body", "0", "64g", "-1", "65g", "0 to 64g"},
    {"notify-fd", "1", "2", "-1", "1048576", "0 to 1048575"},
};

TEST(ConfigValues, AreTakenUpToBothEndsOfTheRange) {
  for (const RangeCase& test : kRanges) {
    const std::string name = "--" + std::string(test.option);
    options_of({name, test.least});
    options_of({name, test.most});
  }
}

TEST(ConfigValues, AreRefusedBeyondBothEndsOfTheRange) {
  for (const RangeCase& test : kRanges) {
    const std::string name = "--" + std::string(test.option);
    for (const char* value : {test.below, test.above}) {
      EXPECT_EQ(errors_of({name, value}),
                (Lines{name + ": " + value + " is out of range; use " + test.range}));
    }
  }
}

TEST(ConfigValues, ThatMakeNoSenseAreRefusedInOneLine) {
  const struct {
    const char* option;
    const char* value;
    const char* line;
  } cases[] = {
      {"--port", "http", "--port: 'http' is not a number; use 0 to 65535"},
      {"--port", "80 ", "--port: '80 ' is not a number; use 0 to 65535"},
      {"--host", "a b", "--host: 'a b' is not a host name or an IP address"},
      {"--host", "a:1", "--host: 'a:1' is more than a host; the port has an option of its own"},
      {"--uds", "@x",
       "--uds: '@x' would be an abstract socket, which has no permissions; use a "
       "path"},
      {"--fd", "x", "--fd: 'x' is not a descriptor number; use one as in 3"},
      {"--backlog", "1.5", "--backlog: '1.5' is not a whole number; use 1 to 65535"},
      {"--workers", "many", "--workers: 'many' is not a number of workers; use 1 to 256 or auto"},
      {"--probe-path", "ready",
       "--probe-path: 'ready' does not begin with a slash; use a path as in /ready, or off"},
      {"--probe-path", "/a b",
       "--probe-path: '/a b' has ' ' in it; use a path as it stands in a request, as in /ready"},
      {"--reload-max-unavailable", "half",
       "--reload-max-unavailable: 'half' is not a number of workers; use 1 to 256 or 1% to 100%"},
      {"--threads", "8x", "--threads: '8x' is not a whole number; use 1 to 256"},
      {"--timeout-body", "1d",
       "--timeout-body: '1d' is not a duration; use 10ms to 24h, written as 500ms, 30s, 2m or 1h"},
      {"--timeout-keep-alive", "off",
       "--timeout-keep-alive: 'off' is not a duration; use 10ms to 24h, written as 500ms, 30s, 2m "
       "or 1h"},
      {"--limit-body", "1mb",
       "--limit-body: '1mb' is not a size; use 0 to 64g, written as 512, 64k, 1m or 1g"},
      {"--admin", "8001",
       "--admin: '8001' has no port; use host:port, [::1]:8000, :8000, unix:/path or fd://3"},
      {"--admin", "fd://3",
       "--admin: the admin address cannot be a descriptor; use host:port, unix:/path or off"},
      {"--admin", ":8001,proxy-protocol",
       "--admin: the admin address takes no PROXY protocol; remove ',proxy-protocol'"},
      {"--timeout-request", "never",
       "--timeout-request: 'never' is not a duration; use 10ms to 24h or off, written as 500ms, "
       "30s, 2m or 1h"},
      {"--forwarded-allow-ips", "10.0.0.1/8",
       "--forwarded-allow-ips: '10.0.0.1/8' has host bits set; use 10.0.0.0/8"},
      {"--proxy-allow-from", "::1,",
       "--proxy-allow-from: an address is empty; use one as in 192.0.2.1, 10.0.0.0/8, ::1, "
       "fd00::/8, * or unix"},
      {"--root-path", "shop",
       "--root-path: 'shop' does not begin with a slash; use a path as in /shop"},
      {"--root-path", "/shop/", "--root-path: '/shop/' ends with a slash; use a path as in /shop"},
      {"--root-path", "/shop?a=b",
       "--root-path: '/shop?a=b' has '?' in it; use a path alone, without query and percent signs"},
      {"--root-path", "/a%20b",
       "--root-path: '/a%20b' has '%' in it; use a path alone, without query and percent signs"},
      {"--root-path", "/a\nb",
       "--root-path: '/a\\x0ab' has '\\x0a' in it; use a path alone, without query and percent "
       "signs"},
      {"--root-path", "//shop",
       "--root-path: '//shop' has an empty segment or dots in it; use a path as in /shop"},
      {"--root-path", "/shop/..",
       "--root-path: '/shop/..' has an empty segment or dots in it; use a path as in /shop"},
      {"--header", "Date: now",
       "--header: Date is the time of each response; --no-date-header leaves it out"},
      {"--index", "a/b", "--index: 'a/b' is not the name of a file; use one as in index.html"},
      {"--index", ".x", "--index: '.x' is not the name of a file; use one as in index.html"},
      {"--cache-control", "*.js",
       "--cache-control: '*.js' has no equals sign; use PATTERN=VALUE as in *.js=max-age=3600"},
      {"--app", "/dev/null", "--app: '/dev/null' is neither a folder nor a file"},
      {"--app", "/etc/passwd/x", "--app: '/etc/passwd/x' cannot be used: Not a directory"},
      {"--log-level", "warn",
       "--log-level: 'warn' is not a log level; use trace, debug, info, warning, error, critical "
       "or off"},
      {"--log-level", "INFO",
       "--log-level: 'INFO' is not a log level; use trace, debug, info, warning, error, critical "
       "or off"},
  };
  for (const auto& [option, value, line] : cases) {
    EXPECT_EQ(errors_of({option, value}), (Lines{line}));
  }
  EXPECT_EQ(errors_of({"--demo-crash=maybe"}),
            (Lines{"--demo-crash: 'maybe' is neither on nor off; use true or false"}));
  EXPECT_EQ(errors_of({"--check-config=maybe"}),
            (Lines{"--check-config: 'maybe' is neither on nor off; use true or false"}));
}

TEST(ConfigValues, AreShownShortAndWithoutControlCharacters) {
  EXPECT_EQ(errors_of({"--threads", "a\nb\x1b[31m"}),
            (Lines{"--threads: 'a\\x0ab\\x1b[31m' is not a whole number; use 1 to 256"}));
  const std::string line = errors_of({"--threads", std::string(10'000, 'x')}).front();
  EXPECT_EQ(line, "--threads: '" + std::string(50, 'x') + "..." + std::string(50, 'x') +
                      "' is not a whole number; use 1 to 256");
  // Cut between characters, not inside one.
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xc3\xa4";
  EXPECT_EQ(printable("x" + umlauts).substr(0, 5), "x\xc3\xa4\xc3\xa4");
  EXPECT_EQ(printable("x" + umlauts), "x" + umlauts.substr(0, 48) + "..." + umlauts.substr(0, 50));
}

TEST(ConfigValues, LandInTheirMembers) {
  using namespace std::chrono_literals;
  const Options options = options_of({"--backlog=11",
                                      "--workers=12",
                                      "--threads=13",
                                      "--limit-max-requests=14",
                                      "--limit-max-requests-jitter=15",
                                      "--max-worker-lifetime=12h",
                                      "--max-worker-memory=512m",
                                      "--memory-interval=1501ms",
                                      "--timeout-worker-boot=16ms",
                                      "--timeout-worker-healthcheck=1700ms",
                                      "--slow-request=1750ms",
                                      "--timeout-graceful-shutdown=18ms",
                                      "--timeout-replaced-worker=1801ms",
                                      "--reload-max-unavailable=25%",
                                      "--probe-path=/ready?deep=1",
                                      "--reload-soak=1802ms",
                                      "--timeout-keep-alive=19ms",
                                      "--timeout-header=20ms",
                                      "--timeout-body=21ms",
                                      "--timeout-write=22",
                                      "--timeout-request=1",
                                      "--no-proxy-headers",
                                      "--forwarded-allow-ips=10.0.0.0/8",
                                      "--proxy-protocol",
                                      "--proxy-allow-from=192.0.2.1",
                                      "--root-path=/shop/eu",
                                      "--header=X-Served-By: shop",
                                      "--no-server-header",
                                      "--no-date-header",
                                      "--app=/usr/./lib/../",
                                      "--index=home.html",
                                      "--listing",
                                      "--spa",
                                      "--cache-control=*.js=no-cache",
                                      "--limit-connections=23",
                                      "--limit-concurrency=24",
                                      "--limit-streams=24",
                                      "--limit-queue=25",
                                      "--limit-request-line=1k",
                                      "--limit-header-bytes=27k",
                                      "--limit-header-count=28",
                                      "--limit-body=29m",
                                      "--admin=off",
                                      "--admin-mode=640",
                                      "--log-level=critical",
                                      "--log-file=/dev/null",
                                      "--access-log=-",
                                      "--access-log-format=$status",
                                      "--keep-requests=/tmp",
                                      "--demo-crash",
                                      "--notify-fd=2"});
  EXPECT_EQ(options.listening.backlog, 11u);
  EXPECT_EQ(options.processes.workers, 12u);
  EXPECT_FALSE(options.processes.workers_auto);
  EXPECT_EQ(options.processes.workers_basis, "");
  EXPECT_EQ(options.processes.threads, 13u);
  EXPECT_EQ(options.processes.max_requests, 14u);
  EXPECT_EQ(options.processes.max_requests_jitter, 15u);
  EXPECT_EQ(options.recycling.max_lifetime, 12h);
  EXPECT_EQ(options.recycling.max_memory, 512u * 1'024 * 1'024);
  EXPECT_EQ(options.recycling.memory_interval, 1'501ms);
  EXPECT_EQ(options.processes.boot_timeout, 16ms);
  EXPECT_EQ(options.processes.healthcheck_timeout, 1700ms);
  EXPECT_EQ(options.processes.slow_request, 1750ms);
  EXPECT_EQ(options.processes.graceful_timeout, 18ms);
  EXPECT_EQ(options.processes.replaced_timeout, 1801ms);
  EXPECT_EQ(options.rollout.max_unavailable.text(), "25%");
  EXPECT_EQ(options.rollout.probe_path, "/ready?deep=1");
  EXPECT_EQ(options.rollout.soak, 1802ms);
  EXPECT_EQ(options.timeouts.keep_alive, 19ms);
  EXPECT_EQ(options.timeouts.header, 20ms);
  EXPECT_EQ(options.timeouts.body, 21ms);
  EXPECT_EQ(options.timeouts.write, 22'000ms);
  EXPECT_EQ(options.timeouts.request, 1'000ms);
  EXPECT_FALSE(options.proxies.proxy_headers);
  EXPECT_EQ(options.proxies.forwarded_allow_ips.texts(), (Lines{"10.0.0.0/8"}));
  EXPECT_TRUE(options.proxies.proxy_protocol);
  EXPECT_EQ(options.proxies.proxy_allow_from.texts(), (Lines{"192.0.2.1"}));
  EXPECT_EQ(options.proxies.root_path, "/shop/eu");
  EXPECT_EQ(options.responses.headers, (std::vector<HeaderField>{{"X-Served-By", "shop"}}));
  EXPECT_FALSE(options.responses.server_header);
  EXPECT_FALSE(options.responses.date_header);
  EXPECT_EQ(options.target.kind, ServeTarget::Kind::folder);
  EXPECT_EQ(options.target.path, "/usr/");
  EXPECT_EQ(options.files.index, "home.html");
  EXPECT_TRUE(options.files.listing);
  EXPECT_TRUE(options.files.spa);
  EXPECT_EQ(options.files.cache_control, (std::vector<CacheRule>{{"*.js", "no-cache"}}));
  EXPECT_EQ(options.limits.connections, 23u);
  EXPECT_EQ(options.limits.concurrency, 24u);
  EXPECT_EQ(options.limits.streams, 24u);
  EXPECT_EQ(options.limits.queue, 25u);
  EXPECT_EQ(options.limits.request_line, 1'024u);
  EXPECT_EQ(options.limits.header_bytes, 27u * 1'024);
  EXPECT_EQ(options.limits.header_count, 28u);
  EXPECT_EQ(options.limits.body, 29u * 1'024 * 1'024);
  EXPECT_EQ(options.admin.address, std::nullopt);
  EXPECT_FALSE(options.admin.is_default);
  EXPECT_EQ(options.admin.mode, 0640u);
  EXPECT_EQ(options.logging.level, LogLevel::critical);
  EXPECT_EQ(options.logging.file, "/dev/null");
  EXPECT_EQ(options.logging.access_log, "-");
  EXPECT_EQ(options.logging.access_log_format.name, "$status");
  EXPECT_EQ(options.logging.keep_requests, "/tmp");
  EXPECT_TRUE(options.demo.crash);
  EXPECT_EQ(options.general.notify_fd, 2);
}

TEST(ConfigValues, HaveTheDocumentedDefaults) {
  const struct {
    const char* option;
    Lines values;
  } cases[] = {
      {"host", {"127.0.0.1"}},
      {"port", {"8000"}},
      {"uds", {}},
      {"fd", {}},
      {"bind", {}},
      {"backlog", {"2048"}},
      {"threads", {"8"}},
      {"limit-max-requests", {"0"}},
      {"limit-max-requests-jitter", {}},
      {"max-worker-lifetime", {"off"}},
      {"max-worker-memory", {"0"}},
      {"memory-interval", {"30s"}},
      {"timeout-worker-boot", {"60s"}},
      {"timeout-worker-healthcheck", {"5s"}},
      {"slow-request", {"1s"}},
      {"timeout-graceful-shutdown", {"30s"}},
      {"timeout-replaced-worker", {"off"}},
      {"reload-max-unavailable", {"1"}},
      {"probe-path", {"off"}},
      {"head-parser", {"auto"}},
      {"reload-soak", {"off"}},
      {"timeout-keep-alive", {"5s"}},
      {"timeout-header", {"10s"}},
      {"timeout-body", {"60s"}},
      {"timeout-write", {"60s"}},
      {"timeout-request", {"off"}},
      {"limit-connections", {"16384"}},
      {"limit-concurrency", {"1024"}},
      {"limit-streams", {"8192"}},
      {"limit-queue", {"512"}},
      {"limit-request-line", {"8k"}},
      {"limit-header-bytes", {"32k"}},
      {"limit-header-count", {"100"}},
      {"limit-body", {"1m"}},
      {"proxy-headers", {"true"}},
      {"forwarded-allow-ips", {"127.0.0.1", "::1", "unix"}},
      {"proxy-protocol", {"false"}},
      {"proxy-allow-from", {"127.0.0.1", "::1", "unix"}},
      {"root-path", {"/"}},
      {"header", {}},
      {"server-header", {"true"}},
      {"date-header", {"true"}},
      {"app", {}},
      {"index", {"index.html"}},
      {"listing", {"false"}},
      {"spa", {"false"}},
      {"cache-control", {}},
      {"admin", {"127.0.0.1:8001"}},
      {"admin-mode", {}},
      {"admin-token", {"off"}},
      {"admin-public", {"health"}},
      {"log-level", {"info"}},
      {"log-file", {"-"}},
      {"access-log", {"off"}},
      {"access-log-format", {"combined"}},
      {"keep-requests", {"off"}},
      {"server-timing", {"false"}},
      {"trace", {"off"}},
      {"trace-collector", {"http://127.0.0.1:4318/v1/traces"}},
      {"trace-sample", {"0.1"}},
      {"trace-service", {"prefork-server"}},
      {"demo-crash", {"false"}},
      {"config", {}},
      {"notify-fd", {}},
  };
  const Options options = options_of({});
  for (const auto& [name, values] : cases) {
    const OptionSpec* option = find_option(name);
    ASSERT_NE(option, nullptr) << name;
    EXPECT_EQ(field_texts(option->field, options), values) << name;
  }
  EXPECT_TRUE(options.admin.is_default);
  EXPECT_TRUE(options.processes.workers_auto);
}

// What --print-config shows can be given back.
TEST(ConfigValues, AreTakenInTheFormTheyAreShownIn) {
  for (const OptionSpec& option : option_table()) {
    Options options;
    for (const std::string& text : field_texts(option.field, Options{})) {
      const auto set = set_field(option.field, options, text);
      EXPECT_TRUE(set.ok()) << option.name << ": " << set.problem().text;
    }
    EXPECT_EQ(field_texts(option.field, options), field_texts(option.field, Options{}))
        << option.name;
  }
}

TEST(ConfigValues, OfADeadlineThatMayBeOffAreOffAsAWordAndAsZero) {
  using namespace std::chrono_literals;
  const Environment environment = {{"PREFORK_TIMEOUT_REQUEST", "30s"}};
  EXPECT_EQ(options_of({}, environment).timeouts.request, 30s);
  EXPECT_EQ(options_of({"--timeout-request=off"}, environment).timeouts.request, 0ms);
  EXPECT_EQ(options_of({"--timeout-request=0"}, environment).timeouts.request, 0ms);
}

TEST(ConfigValues, OfAStrongerSourceCanTakeTheRootPathBack) {
  const Environment environment = {{"PREFORK_ROOT_PATH", "/shop"}};
  EXPECT_EQ(options_of({}, environment).proxies.root_path, "/shop");
  EXPECT_EQ(options_of({"--root-path=/"}, environment).proxies.root_path, "");
}

TEST(ConfigValues, HaveAtMost64Headers) {
  Arguments arguments;
  for (std::size_t i = 0; i < kMaxHeaderFields; ++i) arguments.emplace_back("--header=A:b");
  EXPECT_EQ(options_of(arguments).responses.headers.size(), kMaxHeaderFields);
  arguments.emplace_back("--header=A:b");
  EXPECT_EQ(errors_of(arguments), (Lines{"--header: more than 64 headers are given"}));
}

TEST(ConfigValues, OfAStrongerSourceCanTurnALogOffAgain) {
  const Environment environment = {{"PREFORK_LOG_FILE", "/dev/null"},
                                   {"PREFORK_ACCESS_LOG", "/dev/null"},
                                   {"PREFORK_DEMO_CRASH", "1"}};
  const Options options =
      options_of({"--log-file=-", "--access-log=off", "--no-demo-crash"}, environment);
  EXPECT_EQ(options.logging.file, "");
  EXPECT_EQ(options.logging.access_log, "");
  EXPECT_FALSE(options.demo.crash);
}

TEST(ConfigValues, WithReloadShowTheAccessLogUnlessAskedForAnother) {
  EXPECT_EQ(options_of({"--reload", "--reload-dir=/tmp"}).logging.access_log, "-");
  EXPECT_EQ(options_of({"--reload", "--reload-dir=/tmp", "--access-log=off"}).logging.access_log,
            "");
  EXPECT_EQ(
      options_of({"--reload", "--reload-dir=/tmp", "--access-log=/dev/null"}).logging.access_log,
      "/dev/null");
  EXPECT_EQ(options_of({}).logging.access_log, "");
}

}  // namespace
}  // namespace prefork::config
