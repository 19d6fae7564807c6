#include "config/sources/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

// `key=value @origin` for each setting.
Lines config_file_settings(std::string_view text) {
  const Reading reading = read_config_text(text, "shop.toml");
  EXPECT_EQ(lines_of(reading.errors), Lines{});
  Lines lines;
  for (const Setting& setting : reading.settings) {
    EXPECT_EQ(setting.level, Level::file);
    lines.push_back(std::string(setting.option->name) + "=" + setting.value + " @" +
                    setting.origin);
  }
  return lines;
}

Lines config_file_errors(std::string_view text) {
  return lines_of(read_config_text(text, "shop.toml").errors);
}

TEST(ConfigFile, TakesEveryKindOfValueAsText) {
  EXPECT_EQ(
      config_file_settings("# the shop\nport = 8080\n\nlimit_body = \"2m\"\ndemo_crash = true\n"
                           "threads = 0x10\nbacklog = 1_000\n"),
      (Lines{"port=8080 @shop.toml:2", "limit-body=2m @shop.toml:4", "demo-crash=true @shop.toml:5",
             "threads=16 @shop.toml:6", "backlog=1000 @shop.toml:7"}));
}

TEST(ConfigFile, TakesOneAddressOrAnArrayOfThem) {
  EXPECT_EQ(config_file_settings("bind = \":80\""), (Lines{"bind=:80 @shop.toml:1"}));
  EXPECT_EQ(config_file_settings("bind = [\":80\",\n  \"unix:/x\"]"),
            (Lines{"bind=:80 @shop.toml:1", "bind=unix:/x @shop.toml:1"}));
}

TEST(ConfigFile, IsFineWhenEmpty) {
  EXPECT_EQ(config_file_settings(""), Lines{});
  EXPECT_EQ(config_file_settings("\xEF\xBB\xBF# only a comment\r\n"), Lines{});
}

TEST(ConfigFile, SaysLineAndSuggestionForAnUnknownKey) {
  EXPECT_EQ(config_file_errors("\n\nwokers = 4\n"),
            (Lines{"shop.toml:3: wokers: unknown key; did you mean workers?"}));
  EXPECT_EQ(config_file_errors("timeout-body = 4\n"),
            (Lines{"shop.toml:1: timeout-body: unknown key; did you mean timeout_body?"}));
  EXPECT_EQ(config_file_errors("colour = \"red\"\n"),
            (Lines{"shop.toml:1: colour: unknown key; --help lists the options"}));
}

TEST(ConfigFile, RefusesTables) {
  const std::string message = "tables have no meaning here; write all options at the top level";
  EXPECT_EQ(config_file_errors("\n[server]\nport = 1\n"),
            (Lines{"shop.toml:2: server: " + message}));
  EXPECT_EQ(config_file_errors("port = {a = 1}\n"), (Lines{"shop.toml:1: port: " + message}));
  EXPECT_EQ(config_file_errors("[[bind]]\nport = 1\n"), (Lines{"shop.toml:1: bind: " + message}));
  EXPECT_EQ(config_file_errors("a.b = 1\n"), (Lines{"shop.toml:1: a: " + message}));
}

TEST(ConfigFile, TakesWhatIsSetForTheApplicationFromATable) {
  EXPECT_EQ(config_file_settings("port = 1\n[app]\ndatabase = \"/var/a=b\"\nsize = 4\n"
                                 "share = 2.5\nis_open = true\nempty = \"\"\n"),
            (Lines{"port=1 @shop.toml:1", "set=database=/var/a=b @shop.toml:3",
                   "set=size=4 @shop.toml:4", "set=share=2.5 @shop.toml:5",
                   "set=is_open=true @shop.toml:6", "set=empty= @shop.toml:7"}));
  EXPECT_EQ(config_file_settings("app = \"/srv/shop.so\"\n[set]\na = 1\n"),
            (Lines{"app=/srv/shop.so @shop.toml:1", "set=a=1 @shop.toml:3"}));
  EXPECT_EQ(config_file_settings("set = [\"a=1\", \"b=2\"]\n"),
            (Lines{"set=a=1 @shop.toml:1", "set=b=2 @shop.toml:1"}));
  EXPECT_EQ(config_file_errors("app = \"/srv/shop.so\"\n[app]\na = 1\n"),
            (Lines{"shop.toml:2:1: not valid TOML: table header: cannot redefine existing string "
                   "'app' as table; write that table as [set]"}));
  const std::string message = ": a setting is one value: a text, a number or true or false";
  EXPECT_EQ(config_file_errors("[app]\na = [1]\n[app.db]\nb = 1\n"),
            (Lines{"shop.toml:2: a" + message,
                   "shop.toml:3: db" + message + "; write \"db.b\" in quotes"}));
  EXPECT_EQ(config_file_errors("[app]\nuser.alice = 'x'\nuser.bob = 'y'\n"),
            (Lines{"shop.toml:2: user" + message + "; write \"user.alice\" in quotes"}));
  EXPECT_EQ(config_file_errors("[app]\nb.a.c = 1\n[app.empty]\n[[app.many]]\n"),
            (Lines{"shop.toml:2: b" + message + "; write \"b.a.c\" in quotes",
                   "shop.toml:3: empty" + message, "shop.toml:4: many" + message}));
}

TEST(ConfigFile, RefusesArraysThatMeanNothing) {
  EXPECT_EQ(config_file_errors("port = [1]\n"),
            (Lines{"shop.toml:1: port: takes one value, not an array"}));
  EXPECT_EQ(config_file_errors("bind = []\n"),
            (Lines{"shop.toml:1: bind: the array is empty; remove the key or add a value"}));
  EXPECT_EQ(config_file_errors("bind = [[\":80\"]]\n"),
            (Lines{"shop.toml:1: bind: the array may hold only texts"}));
}

TEST(ConfigFile, RefusesOptionsThatBelongToTheCommandLine) {
  EXPECT_EQ(config_file_errors("config = \"x\"\nhelp = true\n"),
            (Lines{"shop.toml:1: config: cannot stand in the file; use --config",
                   "shop.toml:2: help: cannot stand in the file; use --help"}));
}

TEST(ConfigFile, TellsErrorsInTheOrderOfTheFile) {
  EXPECT_EQ(config_file_errors("zebra = 1\nyak = 1\napple = 1\n"),
            (Lines{"shop.toml:1: zebra: unknown key; --help lists the options",
                   "shop.toml:2: yak: unknown key; --help lists the options",
                   "shop.toml:3: apple: unknown key; --help lists the options"}));
}

TEST(ConfigFile, SaysLineAndColumnOfASyntaxError) {
  EXPECT_EQ(config_file_errors("port = 1\nthreads 8\n"),
            (Lines{"shop.toml:2:9: not valid TOML: key-value pair: expected '=', saw '8'"}));
  const Lines twice = config_file_errors("port = 1\nport = 2\n");
  ASSERT_EQ(twice.size(), 1u);
  EXPECT_TRUE(twice[0].starts_with("shop.toml:2:")) << twice[0];
  EXPECT_NE(twice[0].find("cannot redefine existing integer 'port'"), std::string::npos)
      << twice[0];
}

TEST(ConfigFile, KeepsAnErrorOnOneLineWhateverTheKey) {
  EXPECT_EQ(config_file_errors("\"a\\nb\\u001b[31m\" = 1\n"),
            (Lines{"shop.toml:1: a\\x0ab\\x1b[31m: unknown key; --help lists the options"}));
}

TEST(ConfigFile, SurvivesDeepNesting) {
  const std::string deep = "bind = " + std::string(100'000, '[');
  EXPECT_EQ(config_file_errors(deep).size(), 1u);
}

TEST(ConfigFile, SaysWhyTheFileCannotBeRead) {
  const TemporaryFolder folder;
  const auto error_of = [](const std::string& path) {
    return lines_of(read_config_file(path, "PREFORK_CONFIG").errors);
  };
  const std::string missing = folder / "missing.toml";
  EXPECT_EQ(error_of(missing),
            (Lines{"PREFORK_CONFIG: cannot read '" + missing + "': No such file or directory"}));
  const std::string parent = folder.path().string();
  EXPECT_EQ(error_of(parent), (Lines{"PREFORK_CONFIG: '" + parent + "' is a folder; name a file"}));
  const std::string large = folder.write("large.toml", std::string(kLargestFile + 1, '#'));
  EXPECT_EQ(error_of(large), (Lines{"PREFORK_CONFIG: '" + large + "' is larger than 1m"}));
  const std::string largest = folder.write("largest.toml", std::string(kLargestFile, '#'));
  EXPECT_EQ(error_of(largest), Lines{});
}

TEST(ConfigFile, DoesNotWaitForAPipe) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(lines_of(read_config_file(pipe, "--config").errors),
            (Lines{"--config: '" + pipe +
                   "' is not a regular file; SIGHUP must be able to read it again"}));
}

}  // namespace
}  // namespace prefork::config
