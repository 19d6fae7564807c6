// What people type wrongly, one way at a time: each gives its own line and the documented exit
// code, and leaves nothing behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

struct Mistake {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  std::string line;  // after "prefork-server: "
  std::map<std::string, std::string> environment = {};
};

void PrintTo(const Mistake& mistake, std::ostream* stream) { *stream << mistake.name; }

class MistakeOn : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeOn, IsToldInOneLineWithItsExitCode) {
  const Mistake& mistake = GetParam();
  Launch launch = launch_of(mistake.arguments);
  launch.environment = mistake.environment;
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(mistake.exit_code));
  EXPECT_EQ(run.err, "prefork-server: " + mistake.line + "\n");
  EXPECT_EQ(run.out, "");
  EXPECT_TRUE(no_process_left(run.group));
}

const Mistake kCommandLine[] = {
    {"UnknownOption", {"--wrokers", "4"}, 2, "--wrokers: unknown option; did you mean --workers?"},
    {"UnknownShortOption", {"-x"}, 2, "-x: unknown option; --help lists the options"},
    {"MissingValue", {"--workers"}, 2, "--workers: the value is missing; use --workers N|auto"},
    {"EmptyValue", {"--timeout-header="}, 2, "--timeout-header: the value after '=' is missing"},
    {"StrayArgument",
     {"/tmp", "extra"},
     2,
     "command line: unexpected argument 'extra'; every setting is an option, --help lists them"},
    {"MissingFolder",
     {"./no-such-folder"},
     2,
     "command line: './no-such-folder' does not exist; name a folder of files or an application to "
     "serve"},
    {"ListingWithoutAFolder",
     {"--listing"},
     2,
     "--listing: has no effect without a folder to serve; name one"},
    {"GivenTwice",
     {"--workers", "1", "--workers", "2"},
     2,
     "--workers: is given 2 times; give it once"},
    {"NoNumber",
     {"--workers", "many"},
     2,
     "--workers: 'many' is not a number of workers; use 1 to 256 or auto"},
    {"NoWorkers", {"--workers", "0"}, 2, "--workers: 0 is out of range; use 1 to 256 or auto"},
    {"PortOutOfRange", {"--port", "70000"}, 2, "--port: 70000 is out of range; use 0 to 65535"},
    {"NoBacklog", {"--backlog", "0"}, 2, "--backlog: 0 is out of range; use 1 to 65535"},
    {"BadDuration",
     {"--timeout-body", "5x"},
     2,
     "--timeout-body: '5x' is not a duration; use 10ms to 24h, written as 500ms, 30s, 2m or 1h"},
    {"BadSize",
     {"--limit-body", "5q"},
     2,
     "--limit-body: '5q' is not a size; use 0 to 64g, written as 512, 64k, 1m or 1g"},
    {"BadLogLevel",
     {"--log-level", "loud"},
     2,
     "--log-level: 'loud' is not a log level; use trace, debug, info, warning, error, critical or "
     "off"},
    {"BadSwitch",
     {"--demo-crash=maybe"},
     2,
     "--demo-crash: 'maybe' is neither on nor off; use true or false"},
    {"BindWithoutPort",
     {"--bind", "nonsense"},
     2,
     "--bind: 'nonsense' has no port; use host:port, [::1]:8000, :8000, unix:/path or fd://3"},
    {"ContradictoryBinds",
     {"--uds", "/tmp/prefork-never.sock", "--port", "1"},
     2,
     "--uds: contradicts --port; use one of bind, uds, fd, or host with port"},
    {"UnknownWordBehindABind",
     {"--bind", ":80,proxy"},
     2,
     "--bind: ':80,proxy' has ',proxy' behind its port; only ',proxy-protocol' may stand there"},
    {"NetworkWithHostBits",
     {"--forwarded-allow-ips", "10.0.0.1/8"},
     2,
     "--forwarded-allow-ips: '10.0.0.1/8' has host bits set; use 10.0.0.0/8"},
    {"HeaderWithoutAColon",
     {"--header", "X-Served-By"},
     2,
     "--header: 'X-Served-By' has no colon; use one as in X-Served-By: shop"},
    {"SameAddressTwice",
     {"--bind", ":80", "--bind", "0.0.0.0:80"},
     2,
     "--bind: 0.0.0.0:80 is given more than once; give it once"},
    {"AdminIsTheServiceToo",
     {"--bind", "127.0.0.1:9", "--admin", "127.0.0.1:9"},
     2,
     "--admin: 127.0.0.1:9 is also an address to serve on (--bind); use another one"},
    {"ClosedDescriptor",
     {"--fd", "77"},
     2,
     "--fd: descriptor 77 is not open; whoever starts the program must pass a listening socket "
     "there"},
    {"ClosedNotifyDescriptor",
     {"--notify-fd", "55"},
     2,
     "--notify-fd: descriptor 55 is not open for writing; whoever starts the program must pass it"},
    {"JitterOfNothing",
     {"--limit-max-requests-jitter", "5"},
     2,
     "--limit-max-requests-jitter: has no effect while --limit-max-requests is 0 (default); set "
     "both or none"},
    {"LimitsThatContradict",
     {"--limit-request-line", "64k"},
     2,
     "--limit-request-line: 64k is more than the 32k of --limit-header-bytes (default); lower this "
     "or raise that"},
    {"MissingFolderOfTheLog",
     {"--log-file", "/nonexistent/x"},
     2,
     "--log-file: folder '/nonexistent' does not exist; create it or use another path"},
    {"AccessLogIsAFolder",
     {"--access-log", "/tmp"},
     2,
     "--access-log: '/tmp' is a folder; name a file"},
    {"MissingFolderOfTheSocket",
     {"--uds", "/nonexistent/s"},
     2,
     "--uds: folder '/nonexistent' does not exist; create it or use another path"},
    {"MissingFile",
     {"--config", "/nonexistent"},
     2,
     "--config: cannot read '/nonexistent': No such file or directory"},
    {"FileIsAFolder", {"--config", "/tmp"}, 2, "--config: '/tmp' is a folder; name a file"},
    {"UnknownHost",
     {"--host", "nowhere.invalid", "--port", "0", "--admin", "off"},
     7,
     "cannot listen on nowhere.invalid:0: the host name has no address (Name or service not "
     "known); check --host"},
    {"ForeignAddress",
     {"--host", "192.0.2.1", "--port", "0", "--admin", "off"},
     7,
     "cannot listen on 192.0.2.1:0: this machine has no such address; check --host or --bind"},
};

const Mistake kEnvironment[] = {
    {"UnknownVariable",
     {},
     2,
     "PREFORK_WRKERS: unknown variable; did you mean PREFORK_WORKERS?",
     {{"PREFORK_WRKERS", "3"}}},
    {"BadVariable",
     {},
     2,
     "PREFORK_WORKERS: 'x' is not a number of workers; use 1 to 256 or auto",
     {{"PREFORK_WORKERS", "x"}}},
    {"BadFallbackVariable",
     {},
     2,
     "WEB_CONCURRENCY: 'x' is not a number of workers; use 1 to 256 or auto",
     {{"WEB_CONCURRENCY", "x"}}},
    {"BadAllowList",
     {},
     2,
     "FORWARDED_ALLOW_IPS: '10.0.0.1/8' has host bits set; use 10.0.0.0/8",
     {{"FORWARDED_ALLOW_IPS", "10.0.0.1/8"}}},
};

const auto kNameOf = [](const testing::TestParamInfo<Mistake>& info) {
  return std::string(info.param.name);
};
INSTANTIATE_TEST_SUITE_P(TheCommandLine, MistakeOn, testing::ValuesIn(kCommandLine), kNameOf);
INSTANTIATE_TEST_SUITE_P(TheEnvironment, MistakeOn, testing::ValuesIn(kEnvironment), kNameOf);

TEST(MistakesInTheFile, AreToldWithLineAndKey) {
  const TemporaryFolder folder;
  const struct {
    std::string text;
    std::string line;
  } cases[] = {
      {"workers = 2\nwrokers = 3\n", ":2: wrokers: unknown key; did you mean workers?"},
      {"\n\nport = 70000\n", ":3: port: 70000 is out of range; use 0 to 65535"},
      {"workers = [1, 2]\n", ":1: workers: takes one value, not an array"},
      {"[server]\nworkers = 2\n",
       ":1: server: tables have no meaning here; write all options at the top level"},
      {"notify_fd = [\n", ""},
      {"config = \"other.toml\"\n", ":1: config: cannot stand in the file; use --config"},
  };
  for (const auto& one : cases) {
    const std::string path = folder.write("p.toml", one.text);
    const FinishedRun run = run_to_the_end(launch_of({"--config", path}));
    EXPECT_EQ(run.exit, exit_code(2)) << one.text;
    EXPECT_TRUE(run.err.starts_with("prefork-server: " + path + ":")) << run.err;
    if (!one.line.empty()) {
      EXPECT_EQ(run.err, "prefork-server: " + path + one.line + "\n");
    }
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

TEST(CheckConfig, TellsEveryErrorAtOnce) {
  const TemporaryFolder folder;
  const std::string path = folder.write("p.toml", "threads = 0\n");
  Launch launch;
  launch.arguments = {"--check-config", "--workers", "0", "--prot", "1", "--config", path};
  launch.environment["PREFORK_LIMIT_BODY"] = "much";
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 4) << run.err;
  for (const std::string& part :
       {std::string("--workers: 0 is out of range"), std::string("--prot: unknown option"),
        std::string("PREFORK_LIMIT_BODY: 'much' is not a size"),
        path + ":1: threads: 0 is out of range"}) {
    EXPECT_NE(run.err.find("prefork-server: " + part), std::string::npos) << run.err;
  }
}

TEST(CheckConfig, OfAFineConfigurationSaysSoAndStartsNothing) {
  const FinishedRun run =
      run_to_the_end(launch_of({"--check-config", "--workers", "3", "--port", "8123"}));
  EXPECT_EQ(run.exit, exit_code(0));
  EXPECT_EQ(run.out, "prefork-server: the configuration is fine: 3 workers on 127.0.0.1:8123\n");
  EXPECT_EQ(run.err, "");
  EXPECT_TRUE(no_process_left(run.group));
}

TEST(CheckConfig, LoadsTheApplicationWhereNobodyIsHarmed) {
  const auto check = [](const std::string& path) {
    return run_to_the_end(launch_of({"--check-config", path}));
  };
  const FinishedRun fine = check(test_app("hello"));
  EXPECT_EQ(fine.exit, exit_code(0)) << fine.err;
  const FinishedRun refused = check(test_app("broken_3"));
  EXPECT_EQ(refused.exit, exit_code(4));
  EXPECT_EQ(refused.err,
            "prefork-server: '" + test_app("broken_3") + "' cannot be loaded: no licence file\n");
  EXPECT_EQ(refused.out, "");
  const FinishedRun crashed = check(test_app("broken_8"));
  EXPECT_EQ(crashed.exit, exit_code(4));
  EXPECT_NE(crashed.err.find("ended the process that loaded it: signal"), std::string::npos)
      << crashed.err;
  const FinishedRun none = check(tested_build() + "/CMakeCache.txt");
  EXPECT_EQ(none.exit, exit_code(4));
  EXPECT_NE(none.err.find("not a shared object"), std::string::npos) << none.err;
}

TEST(PrintConfig, ShowsEachValueAndWhereItCameFrom) {
  const TemporaryFolder folder;
  const std::string path = folder.write("p.toml", "threads = 6\n");
  Launch launch;
  launch.arguments = {"--print-config", "--workers", "3", "--config", path};
  launch.environment["PREFORK_LIMIT_BODY"] = "2m";
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(0)) << run.err;
  for (const std::string& row :
       {std::string("workers +3 +command line"), "threads +6 +" + path + ":1",
        std::string("limit-body +2m +environment PREFORK_LIMIT_BODY"),
        std::string("port +8000 +default")}) {
    EXPECT_TRUE(std::regex_search(run.out, std::regex("(^|\n)" + row + "\n"))) << row << run.out;
  }
}

TEST(AnAnswer, ThatCannotBeWrittenIsNoSuccess) {
  for (const char* option : {"--version", "--help", "--print-config", "--check-config"}) {
    Launch launch;
    launch.program = "/bin/sh";
    launch.arguments = {"-c", "exec \"$0\" \"$1\" >/dev/full", server_binary(), option};
    const FinishedRun run = run_to_the_end(std::move(launch));
    EXPECT_EQ(run.exit, exit_code(1)) << option;
    EXPECT_EQ(run.err,
              "prefork-server: cannot write to standard output: No space left on device\n");
  }
}

TEST(Version, IsPrintedAlone) {
  const FinishedRun run = run_to_the_end(launch_of({"--version"}));
  EXPECT_EQ(run.exit, exit_code(0));
  EXPECT_TRUE(std::regex_match(run.out, std::regex("prefork-server \\d+\\.\\d+\\.\\d+\n")))
      << run.out;
}

TEST(Help, NamesOptionsUnitsSignalsAndExitCodes) {
  for (const char* option : {"--help", "-h"}) {
    const FinishedRun run = run_to_the_end(launch_of({option, "--workers", "nonsense"}));
    EXPECT_EQ(run.exit, exit_code(0));
    EXPECT_EQ(run.err, "");
    for (const char* part : {"Usage: prefork-server", "--timeout-keep-alive TIME",
                             "[5s; 10ms to 24h]", "Signals to the master", "Exit codes"}) {
      EXPECT_NE(run.out.find(part), std::string::npos) << part;
    }
  }
}

}  // namespace
}  // namespace prefork::test
