#include "workers/observer/left_lines.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace prefork::observer {
namespace {

constexpr ipc::Place kVacant{0, 0};
constexpr std::chrono::milliseconds kEnough{5'000};

class LeftLinesTest : public testing::Test {
 protected:
  LeftLinesTest() {
    std::string name = testing::TempDir() + "left-lines-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~LeftLinesTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string log_path() const { return folder_ + "/access.log"; }
  [[nodiscard]] std::string logged() const {
    std::stringstream content;
    content << std::ifstream(log_path()).rdbuf();
    return content.str();
  }
  void leave(const std::string& lines, const std::string& target) {
    const std::unique_ptr<ipc::LineRing> ring = rings_.open(kVacant);
    ring->set_target(target);
    ASSERT_TRUE(ring->push(lines));
  }

  const ipc::Segment segment_{1};
  const ipc::LogRings rings_{1};
  std::string folder_;
  LeftLines left_{&rings_, segment_};
};

// Of a worker that has ended before it was the reader of its own lines.
TEST_F(LeftLinesTest, WithoutAReaderAreWrittenOnceTheirSeatIsVacant) {
  leave("first\nsecond\n", log_path());
  EXPECT_FALSE(rings_.is_empty(kVacant));
  EXPECT_EQ(left_.look(), "");
  EXPECT_EQ(left_.finish(kEnough), "");
  EXPECT_EQ(logged(), "first\nsecond\n");
  EXPECT_TRUE(rings_.is_empty(kVacant));
  EXPECT_EQ(rings_.lost().load(), 0U);
}

TEST_F(LeftLinesTest, ThatCannotBeWrittenAreSaidAndCounted) {
  leave("first\nsecond\n", folder_ + "/missing/access.log");
  const std::string news = left_.look() + left_.finish(kEnough);
  EXPECT_NE(news.find("2 lines of the access log were lost"), std::string::npos) << news;
  EXPECT_EQ(rings_.lost().load(), 2U);
  EXPECT_TRUE(rings_.is_empty(kVacant));
}

TEST_F(LeftLinesTest, OfALivingProcessAreItsOwn) {
  leave("first\n", log_path());
  segment_.record(kVacant).pid.store(1);
  EXPECT_EQ(left_.look() + left_.finish(kEnough), "");
  EXPECT_FALSE(rings_.is_empty(kVacant));
  EXPECT_FALSE(std::filesystem::exists(log_path()));
}

}  // namespace
}  // namespace prefork::observer
