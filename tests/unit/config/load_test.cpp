#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <sstream>

#include "config/version.h"
#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Load : public testing::Test {
 protected:
  std::string file(std::string_view text) { return folder_.write("shop.toml", text); }

  TemporaryFolder folder_;
};

// The line of --print-config about one option, without repeated spaces.
std::string printed(const std::string& option, Arguments arguments,
                    const Environment& environment = {}) {
  arguments.push_back("--print-config");
  const Loaded loaded = load_options(arguments, environment);
  EXPECT_EQ(loaded.action, Action::print_and_exit);
  std::istringstream lines(loaded.output);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    std::string result;
    words >> name;
    if (name != option) continue;
    for (std::string word; words >> word;) result += (result.empty() ? "" : " ") + word;
    return result;
  }
  return "no such line";
}

TEST_F(Load, PrefersCommandLineThenEnvironmentThenFileThenDefault) {
  const std::string path = file("threads = 2\n");
  const Environment environment = {{"PREFORK_THREADS", "3"}};
  EXPECT_EQ(options_of({}).processes.threads, 8u);
  EXPECT_EQ(options_of({"--config", path}).processes.threads, 2u);
  EXPECT_EQ(options_of({"--config", path}, environment).processes.threads, 3u);
  EXPECT_EQ(options_of({"--config", path, "--threads", "4"}, environment).processes.threads, 4u);
}

TEST_F(Load, SaysWhereEachValueCameFrom) {
  const std::string path = file("# shop\nthreads = 2\n");
  const Environment environment = {{"PREFORK_THREADS", "3"}};
  EXPECT_EQ(printed("threads", {}), "8 default");
  EXPECT_EQ(printed("threads", {"--config", path}), "2 " + path + ":2");
  EXPECT_EQ(printed("threads", {"--config", path}, environment), "3 environment PREFORK_THREADS");
  EXPECT_EQ(printed("threads", {"--config", path, "--threads=4"}, environment), "4 command line");
  EXPECT_EQ(printed("config", {"--config", path}), path + " command line");
  EXPECT_EQ(printed("uds", {}), "(none) default");
}

TEST_F(Load, TakesTheFileFromTheEnvironmentToo) {
  const std::string path = file("threads = 2\n");
  const Options options = options_of({}, {{"PREFORK_CONFIG", path}});
  EXPECT_EQ(options.processes.threads, 2u);
  EXPECT_EQ(options.general.config, path);
  EXPECT_EQ(options_of({"--config", path}, {{"PREFORK_CONFIG", "/missing"}}).processes.threads, 2u);
}

TEST_F(Load, ReadsTheFileAgainEachTime) {
  const std::string path = file("threads = 2\n");
  EXPECT_EQ(options_of({"--config", path}).processes.threads, 2u);
  file("threads = 3\n");
  EXPECT_EQ(options_of({"--config", path}).processes.threads, 3u);
  file("threads = 0\n");
  EXPECT_EQ(errors_of({"--config", path}),
            (Lines{path + ":1: threads: 0 is out of range; use 1 to 256"}));
}

TEST_F(Load, ReplacesTheAddressesOfAWeakerSource) {
  const std::string path = file("bind = [\":1\", \":2\"]\n");
  const Options options = options_of({"--config", path}, {{"PREFORK_BIND", ":3,:4"}});
  EXPECT_EQ(options.listening.binds,
            (std::vector{Bind::tcp("0.0.0.0", 3), Bind::tcp("0.0.0.0", 4)}));
}

TEST_F(Load, TakesWebConcurrencyOnlyWhereNothingElseIsSaid) {
  const std::string path = file("workers = 5\n");
  const Environment environment = {{"WEB_CONCURRENCY", "3"}};
  EXPECT_EQ(options_of({}, environment).processes.workers, 3u);
  EXPECT_FALSE(options_of({}, environment).processes.workers_auto);
  EXPECT_EQ(printed("workers", {}, environment), "3 environment WEB_CONCURRENCY");
  EXPECT_EQ(options_of({"--config", path}, environment).processes.workers, 5u);
  EXPECT_EQ(options_of({"--workers", "7"}, environment).processes.workers, 7u);
  EXPECT_TRUE(options_of({"--workers", "auto"}, environment).processes.workers_auto);
}

TEST_F(Load, RefusesABadWebConcurrencyWhereItCounts) {
  EXPECT_EQ(errors_of({}, {{"WEB_CONCURRENCY", "0"}}),
            (Lines{"WEB_CONCURRENCY: 0 is out of range; use 1 to 256 or auto"}));
  EXPECT_EQ(errors_of({}, {{"WEB_CONCURRENCY", "two"}}),
            (Lines{"WEB_CONCURRENCY: 'two' is not a number of workers; use 1 to 256 or auto"}));
  EXPECT_EQ(options_of({"--workers", "2"}, {{"WEB_CONCURRENCY", "two"}}).processes.workers, 2u);
  EXPECT_TRUE(options_of({}, {{"WEB_CONCURRENCY", ""}}).processes.workers_auto);
}

TEST_F(Load, ThePortOfThePlatformIsTheDefaultOfOurs) {
  const Environment environment = {{"PORT", "9090"}};
  EXPECT_EQ(options_of({}, environment).listening.binds.front().text(), "127.0.0.1:9090");
  EXPECT_EQ(options_of({"--host", "0.0.0.0"}, environment).listening.binds.front().text(),
            "0.0.0.0:9090");
  EXPECT_EQ(options_of({"--port", "1"}, environment).listening.binds.front().text(), "127.0.0.1:1");
  EXPECT_EQ(options_of({"--bind", ":7000"}, environment).listening.binds.front().port, 7000);
  EXPECT_EQ(options_of({}, {{"PORT", "9090"}, {"PREFORK_PORT", "2"}}).listening.port, 2);
  EXPECT_EQ(options_of({}, {{"PORT", ""}}).listening.port, 8000);
  EXPECT_EQ(errors_of({}, {{"PORT", "tcp://10.0.0.1:80"}}).size(), 1U) << "and not ignored";
}

TEST_F(Load, TakesForwardedAllowIpsOnlyWhereNothingElseIsSaid) {
  const std::string path = file("forwarded_allow_ips = [\"::1\", \"unix\"]\n");
  const Environment environment = {{"FORWARDED_ALLOW_IPS", "10.0.0.0/8, unix"}};
  EXPECT_EQ(options_of({}, environment).proxies.forwarded_allow_ips.texts(),
            (Lines{"10.0.0.0/8", "unix"}));
  EXPECT_EQ(printed("forwarded-allow-ips", {}, environment),
            "10.0.0.0/8 environment FORWARDED_ALLOW_IPS");
  EXPECT_EQ(options_of({"--config", path}, environment).proxies.forwarded_allow_ips.texts(),
            (Lines{"::1", "unix"}));
  EXPECT_EQ(
      options_of({"--forwarded-allow-ips", "*"}, environment).proxies.forwarded_allow_ips.texts(),
      (Lines{"*"}));
  EXPECT_EQ(options_of({}, {{"FORWARDED_ALLOW_IPS", ""}}).proxies.forwarded_allow_ips,
            IpNetworks::loopback());
  EXPECT_EQ(errors_of({}, {{"FORWARDED_ALLOW_IPS", "10.0.0.1/8"}}),
            (Lines{"FORWARDED_ALLOW_IPS: '10.0.0.1/8' has host bits set; use 10.0.0.0/8"}));
}

TEST_F(Load, ReplacesAListByThatOfAStrongerSourceAndJoinsTheValuesOfOne) {
  const std::string path = file("proxy_allow_from = \"10.0.0.0/8\"\nheader = [\"A: b\"]\n");
  EXPECT_EQ(options_of({"--config", path}).proxies.proxy_allow_from.texts(), (Lines{"10.0.0.0/8"}));
  const Options options =
      options_of({"--config", path, "--proxy-allow-from", "::1,unix",
                  "--proxy-allow-from=192.0.2.1", "--header", "C:d", "--header", "E:f"});
  EXPECT_EQ(options.proxies.proxy_allow_from.texts(), (Lines{"::1", "192.0.2.1", "unix"}));
  EXPECT_EQ(options.responses.headers, (std::vector<HeaderField>{{"C", "d"}, {"E", "f"}}));
}

TEST_F(Load, PutsTheSettingsOfAllSourcesTogetherAndTheStrongestOfEachKeyCounts) {
  const std::string app = folder_.write("libshop.so", "");
  const std::string path = file("[app]\ndatabase = \"/a\"\nsize = 4\nname = \"shop\"\n");
  const Environment environment = {{"PREFORK_SET", "size=5\nlanguage=de, fr"}};
  const Arguments arguments = {app, "--config", path, "--set", "database=/b", "--set=key="};
  const std::vector<AppSetting> expected = {{"database", "/b", "command line"},
                                            {"key", "", "command line"},
                                            {"size", "5", "environment PREFORK_SET"},
                                            {"language", "de, fr", "environment PREFORK_SET"},
                                            {"name", "shop", path + ":4"}};
  EXPECT_EQ(options_of(arguments, environment).application.settings, expected);
  EXPECT_EQ(printed("set", arguments, environment), "database=/b command line");
  EXPECT_EQ(printed("size=5", arguments, environment), "environment PREFORK_SET");
  EXPECT_EQ(printed("name=shop", arguments, environment), path + ":4");
  EXPECT_EQ(printed("set", {}), "(none) default");
}

TEST_F(Load, GuessesWhichCommandAMissingPathStandsFor) {
  constexpr std::string_view kMissing =
      " does not exist; name a folder of files or an application to serve";
  const auto guess = [&](const Arguments& arguments, const Environment& environment = {}) {
    const Lines lines = errors_of(arguments, environment);
    EXPECT_EQ(lines.size(), 1U);
    const std::size_t end = lines.at(0).find(kMissing);
    return end == std::string::npos ? lines.at(0) : lines.at(0).substr(end + kMissing.size());
  };
  EXPECT_EQ(guess({"doctr"}), " (did you mean the command doctor?)");
  EXPECT_EQ(guess({"--port", "0", "selftest"}), " (a command has to be the first argument)");
  EXPECT_EQ(guess({"no-such-folder"}), "");
  EXPECT_EQ(guess({"--app", "news"}), "") << "nobody writes a command there";
  EXPECT_EQ(guess({}, {{"PREFORK_APP", "doctor"}}), "");
}

TEST_F(Load, RefusesSettingsThatAreNone) {
  const std::string app = folder_.write("libshop.so", "");
  EXPECT_EQ(errors_of({app, "--set", "database", "--set", "a b=1", "--set=a=1", "--set=a=2"}),
            (Lines{"--set: 'database' has no value; use database=VALUE",
                   "--set: 'a b' is not the name of a setting; use letters, digits, '_', '-' and "
                   "'.', at most 64",
                   "--set: 'a' is set twice; set it once"}));
  EXPECT_EQ(errors_of({"--set", "a=1"}),
            (Lines{"--set: has no effect without an application to serve; name one"}));
  Arguments many = {app};
  for (std::size_t i = 0; i <= kMaxAppSettings; ++i) {
    many.push_back("--set=a" + std::to_string(i) + "=1");
  }
  EXPECT_EQ(errors_of(many), (Lines{"--set: more than 256 settings are given"}));
  EXPECT_EQ(errors_of({app, "--set", "a=" + std::string(kMaxAppSettingBytes + 1, 'x')}),
            (Lines{"--set: a has 65537 bytes; a setting has at most 65536"}));
}

TEST_F(Load, ResolvesAutoAndSaysHow) {
  const Options options = options_of({"--workers", "auto"});
  EXPECT_GE(options.processes.workers, 1u);
  EXPECT_LE(options.processes.workers, kMaxWorkers);
  EXPECT_THAT(options.processes.workers_basis, HasSubstr("by affinity, "));
  EXPECT_EQ(printed("workers", {"--workers", "auto"}),
            std::to_string(options.processes.workers) +
                " command line, auto: " + options.processes.workers_basis);
}

TEST_F(Load, ReportsEveryErrorOfEverySourceAtOnce) {
  const std::string path = file("port = 99999\nwokers = 4\n");
  const Environment environment = {{"PREFORK_THREADS", "0"}, {"PREFORK_PROT", "1"}};
  const Lines expected = {
      "--frobnicate: unknown option; --help lists the options",
      "PREFORK_PROT: unknown variable; did you mean PREFORK_PORT?",
      path + ":2: wokers: unknown key; did you mean workers?",
      "--timeout-body: 1ms is out of range; use 10ms to 24h",
      "PREFORK_THREADS: 0 is out of range; use 1 to 256",
      path + ":1: port: 99999 is out of range; use 0 to 65535",
      "--limit-header-bytes: 4k is less than the 8k of --limit-request-line (default); raise this "
      "or lower that",
  };
  Arguments arguments = {
      "--config", path, "--timeout-body", "1ms", "--frobnicate", "--limit-header-bytes", "4k"};
  EXPECT_EQ(errors_of(arguments, environment), expected);
  arguments.push_back("--check-config");
  EXPECT_EQ(errors_of(arguments, environment), expected);
  arguments.push_back("--print-config");
  EXPECT_EQ(errors_of(arguments, environment), expected);
}

TEST_F(Load, ChecksAValueThatAStrongerSourceHides) {
  const std::string path = file("port = 99999\n");
  EXPECT_EQ(errors_of({"--config", path, "--port", "80"}, {{"PREFORK_PORT", "x"}}),
            (Lines{"PREFORK_PORT: 'x' is not a number; use 0 to 65535",
                   path + ":1: port: 99999 is out of range; use 0 to 65535"}));
}

TEST_F(Load, RefusesEmptyValuesFromEverySource) {
  const std::string path = file("uds = \"\"\n");
  const std::string message = ": the value is empty; remove it or give one";
  EXPECT_EQ(
      errors_of({"--config", path}, {{"PREFORK_LOG_FILE", ""}, {"PREFORK_BIND", ""}}),
      (Lines{"PREFORK_BIND" + message, "PREFORK_LOG_FILE" + message, path + ":1: uds" + message}));
  EXPECT_EQ(errors_of({}, {{"PREFORK_CONFIG", ""}}), (Lines{"PREFORK_CONFIG" + message}));
}

TEST_F(Load, RefusesAZeroByteInAValue) {
  const std::string path = file("log_file = \"/tmp/a\\u0000b\"\n");
  EXPECT_EQ(errors_of({"--config", path}),
            (Lines{path + ":1: log_file: the value '/tmp/a\\x00b' has a zero byte in it"}));
}

TEST_F(Load, SaysWhyTheFileIsMissingWhoeverNamedIt) {
  EXPECT_EQ(errors_of({"--config", "/missing.toml"}),
            (Lines{"--config: cannot read '/missing.toml': No such file or directory"}));
  EXPECT_EQ(errors_of({}, {{"PREFORK_CONFIG", "/missing.toml"}}),
            (Lines{"PREFORK_CONFIG: cannot read '/missing.toml': No such file or directory"}));
}

TEST_F(Load, SaysThatTheConfigurationIsFine) {
  const Loaded loaded = load_options(
      Arguments{"--check-config", "--workers=1", "--bind=:1", "--bind=[::1]:2,proxy-protocol"}, {});
  EXPECT_EQ(loaded.action, Action::check);
  EXPECT_EQ(loaded.output,
            "prefork-server: the configuration is fine: 1 worker on 0.0.0.0:1, "
            "[::1]:2,proxy-protocol\n");
}

TEST_F(Load, PrintsAnAlignedTable) {
  const Loaded loaded = load_options(
      Arguments{"--print-config", "--bind=:1", "--bind=[::1]:20000", "--workers=2"}, {});
  std::istringstream lines(loaded.output);
  std::string header;
  std::getline(lines, header);
  const std::size_t value_column = header.find("VALUE");
  const std::size_t from_column = header.find("FROM");
  ASSERT_NE(from_column, std::string::npos);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line); ++rows) {
    ASSERT_GT(line.size(), from_column) << line;
    EXPECT_EQ(line[value_column - 1], ' ') << line;
    EXPECT_NE(line[value_column], ' ') << line;
    EXPECT_EQ(line[from_column - 1], ' ') << line;
    EXPECT_NE(line[from_column], ' ') << line;
  }
  EXPECT_EQ(rows, 94u);
  EXPECT_EQ(printed("bind", {"--bind=:1", "--bind=:2"}), "0.0.0.0:1 command line");
  EXPECT_EQ(printed("bind", {"--bind=:1,proxy-protocol"}), "0.0.0.0:1,proxy-protocol command line");
}

TEST_F(Load, AnswersHelpAndVersionEvenAmongErrors) {
  const Environment environment = {{"PREFORK_PORT", "x"}};
  for (const char* help : {"--help", "-h"}) {
    const Loaded loaded = load_options(Arguments{"--frobnicate", help}, environment);
    EXPECT_EQ(loaded.action, Action::print_and_exit);
    EXPECT_THAT(loaded.output, StartsWith("Usage: prefork-server "));
  }
  const Loaded loaded = load_options(Arguments{"--version", "--port=x"}, environment);
  EXPECT_EQ(loaded.action, Action::print_and_exit);
  EXPECT_EQ(loaded.output, "prefork-server " + std::string(kVersion) + "\n");
}

TEST_F(Load, AnswersAnyCommandLineInWholeLines) {
  const char* const words[] = {"--port",
                               "--port=",
                               "80",
                               "--bind",
                               ":1",
                               "[a,b]",
                               "{}",
                               "--fd",
                               "-h5",
                               "-",
                               "--",
                               "=",
                               "--=",
                               "--no-",
                               "--config",
                               "/dev/null",
                               "-1",
                               "",
                               "---",
                               "--x=1",
                               "%",
                               "--demo-crash",
                               "--demo-crash={}",
                               "[]",
                               "++",
                               "\n"};
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Arguments arguments;
    for (std::size_t count = random() % 8; count > 0; --count) {
      arguments.emplace_back(words[random() % std::size(words)]);
    }
    const Loaded loaded = load_options(arguments, {});
    EXPECT_EQ(loaded.errors.empty(), loaded.action != Action::fail);
    for (const std::string& line : lines_of(loaded.errors)) {
      EXPECT_EQ(line.find('\n'), std::string::npos);
      EXPECT_EQ(line.find("CLI"), std::string::npos) << line;
    }
  }
}

TEST_F(Load, RendersAnErrorAsOneLine) {
  EXPECT_EQ(to_line({"--port", "99999 is out of range; use 0 to 65535"}),
            "prefork-server: --port: 99999 is out of range; use 0 to 65535");
  EXPECT_EQ(to_line({"a\nb", "c\rd"}), "prefork-server: a\\x0ab: c\\x0dd");
}

}  // namespace
}  // namespace prefork::config
