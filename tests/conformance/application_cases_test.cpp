// The cases that any application can be asked, played against the built-in one: at once, with the
// bytes coming one by one, and with llhttp alone reading every head.
#include <gtest/gtest.h>

#include <memory>

#include "tests/conformance/run_case.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

class ApplicationAtOnce : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ServerProcess>(std::vector<std::string>{"--workers", "2"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  static inline std::unique_ptr<ServerProcess> server_;
};

class ApplicationInPieces : public ApplicationAtOnce {};

class ApplicationWithLlhttp : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"--workers", "2", "--head-parser", "llhttp"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  static inline std::unique_ptr<ServerProcess> server_;
};

TEST_P(ApplicationAtOnce, IsAsAccepted) {
  EXPECT_TRUE(run_case(GetParam(), server_->url(), Pace::at_once));
}

TEST_P(ApplicationInPieces, IsAsAccepted) {
  EXPECT_TRUE(run_case(GetParam(), server_->url(), Pace::in_pieces));
}

TEST_P(ApplicationWithLlhttp, IsAsAccepted) {
  EXPECT_TRUE(run_case(GetParam(), server_->url(), Pace::at_once));
}

INSTANTIATE_TEST_SUITE_P(Cases, ApplicationAtOnce, testing::ValuesIn(load_cases("application")),
                         [](const auto& given) { return given.param.test_name(); });
INSTANTIATE_TEST_SUITE_P(Cases, ApplicationWithLlhttp, testing::ValuesIn(load_cases("application")),
                         [](const auto& given) { return given.param.test_name(); });
INSTANTIATE_TEST_SUITE_P(Cases, ApplicationInPieces,
                         testing::ValuesIn(load_cases_in_pieces("application")),
                         [](const auto& given) { return given.param.test_name(); });

}  // namespace
}  // namespace prefork::test
