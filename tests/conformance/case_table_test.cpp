// The tables themselves: complete, without a number twice, and true about where the cases are that
// are no transcripts.
#include "tests/conformance/case_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "tests/support/temporary_folder.h"

namespace prefork::test {
namespace {

struct Scripted {
  std::map<int, int> tests_of;                             // by number of the case
  std::vector<std::pair<std::string, std::string>> tests;  // file, "Suite.Name"
};

Scripted load_scripted() {
  Scripted scripted;
  std::ifstream file(cases_folder() + "/scripted.txt");
  const std::regex title("([0-9]+)\\. .* \\[.+\\]");
  const std::regex test(" +([a-z0-9_/]+\\.cpp) ([A-Za-z0-9]+\\.[A-Za-z0-9]+)");
  std::smatch found;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, found, title)) {
      number = std::stoi(found[1]);
      scripted.tests_of[number] += 0;
    } else if (std::regex_match(line, found, test)) {
      ++scripted.tests_of[number];
      scripted.tests.emplace_back(found[1], found[2]);
    } else {
      EXPECT_TRUE(line.empty() || line.front() == '#') << line;
    }
  }
  return scripted;
}

TEST(CaseTable, HasEveryNumberOnceAndNoneIsMissing) {
  std::map<int, int> times;
  for (const char* group : {"application", "folder"}) {
    for (const Case& one : load_cases(group)) {
      ++times[one.number];
    }
  }
  for (const auto& [number, tests] : load_scripted().tests_of) {
    ++times[number];
    EXPECT_GT(tests, 0) << "no test plays case " << number;
  }
  ASSERT_FALSE(times.empty());
  for (int number = 1; number <= times.rbegin()->first; ++number) {
    EXPECT_EQ(times[number], 1) << "case " << number;
  }
  EXPECT_GE(times.size(), 171U);
}

TEST(CaseTable, EveryCaseHasAStepAndEveryStepAnOutcome) {
  for (const char* group : {"application", "folder"}) {
    for (const Case& one : load_cases(group)) {
      EXPECT_FALSE(one.steps.empty()) << one.number;
      for (const Step& step : one.steps) {
        EXPECT_FALSE(step.accepted.empty()) << one.number;
        EXPECT_FALSE(unescape(step.send).empty()) << one.number;
      }
    }
  }
}

TEST(CaseTable, NamesTestsThatExist) {
  const auto tests = std::filesystem::path(cases_folder()).parent_path().parent_path();
  for (const auto& [file, name] : load_scripted().tests) {
    const std::string text = read_file((tests / file).string());
    const std::size_t dot = name.find('.');
    EXPECT_TRUE(std::regex_search(
        text, std::regex("\\((" + name.substr(0, dot) + "), " + name.substr(dot + 1) + "\\)")))
        << name << " is not in " << file;
  }
}

TEST(CaseTable, ReadsEscapesMacrosAndRepetitions) {
  EXPECT_EQ(unescape("a\\r\\n\\t\\\\\\x41*"), "a\r\n\t\\A*");
  EXPECT_EQ(unescape("{H}~ab\\n*3~c"), "Host: a\r\nab\nab\nab\nc");
  EXPECT_EQ(unescape("{CL}{X}"), "Connection: close\r\n{X}");
  for (const char* wrong : {"\\q", "\\x4", "\\xzz", "~a*3", "~a*b~"}) {
    EXPECT_THROW(unescape(wrong), std::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace prefork::test
