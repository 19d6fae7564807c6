// The cases that need files, played against a server of a folder that holds one of 18,000 bytes
// (ten digits again and again) as static/big.txt.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/conformance/run_case.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

class FolderAtOnce : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    site_ = std::make_unique<TemporaryFolder>();
    std::filesystem::create_directory(*site_ / "static");
    site_->write("static/big.txt", unescape("~0123456789*1800~"));
    site_->write("plaintext", "Hello, World!");  // what shows that a connection still serves
    site_->write("index.html", "<!doctype html><title>site</title>");
    server_ =
        std::make_unique<ServerProcess>(std::vector<std::string>{site_->path(), "--workers", "2"});
  }
  static void TearDownTestSuite() {
    server_.reset();
    site_.reset();
  }

  static inline std::unique_ptr<TemporaryFolder> site_;
  static inline std::unique_ptr<ServerProcess> server_;
};

class FolderInPieces : public FolderAtOnce {};

TEST_P(FolderAtOnce, IsAsAccepted) {
  EXPECT_TRUE(run_case(GetParam(), server_->url(), Pace::at_once));
}

TEST_P(FolderInPieces, IsAsAccepted) {
  EXPECT_TRUE(run_case(GetParam(), server_->url(), Pace::in_pieces));
}

INSTANTIATE_TEST_SUITE_P(Cases, FolderAtOnce, testing::ValuesIn(load_cases("folder")),
                         [](const auto& given) { return given.param.test_name(); });
INSTANTIATE_TEST_SUITE_P(Cases, FolderInPieces, testing::ValuesIn(load_cases_in_pieces("folder")),
                         [](const auto& given) { return given.param.test_name(); });

}  // namespace
}  // namespace prefork::test
