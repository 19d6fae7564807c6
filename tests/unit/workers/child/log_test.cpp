#include "workers/child/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "workers/child/shared_mark.h"

namespace prefork::child {
namespace {

int copy_of(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); }

class LogOfAnotherProcess : public testing::Test {
 protected:
  LogOfAnotherProcess() {
    path_ = testing::TempDir() + "log-XXXXXX";
    ::close(::mkstemp(path_.data()));
    EXPECT_TRUE(log_.open(path_, config::LogLevel::warning).ok());
  }
  ~LogOfAnotherProcess() override { ::unlink(path_.c_str()); }

  [[nodiscard]] Log::Place place() const {
    Log::Place place = log_.place();
    place.file = copy_of(place.file);
    place.torn_mark = copy_of(place.torn_mark);
    return place;
  }
  [[nodiscard]] std::string written() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  std::string path_;
  Log log_;
};

TEST_F(LogOfAnotherProcess, GoesOnInTheSameFileAtTheSameLevel) {
  Log other(place());
  other.set_name("worker 1");
  log_.warning("one");
  other.warning("two");
  other.info("not at this level");
  EXPECT_NE(written().find("one\n"), std::string::npos) << written();
  EXPECT_NE(written().find("two\n"), std::string::npos) << written();
  EXPECT_EQ(written().find("level"), std::string::npos) << written();
  EXPECT_FALSE(other.is_standard_error());
}

TEST_F(LogOfAnotherProcess, OpensTheSamePathAnew) {
  Log other(place());
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  other.warning("lost with the file");
  ASSERT_TRUE(other.reopen().ok());
  other.warning("kept");
  EXPECT_NE(written().find("kept\n"), std::string::npos) << written();
  EXPECT_EQ(written().find("lost"), std::string::npos) << written();
}

TEST(LogPlace, OfStandardErrorNeedsNoDescriptor) {
  const Log log;
  EXPECT_EQ(log.place().file, -1);
  EXPECT_EQ(log.place().path, "");
  EXPECT_GE(log.place().torn_mark, 0);
}

TEST(SharedMark, IsOneForAllThatHaveItsMemory) {
  const SharedMark mark;
  const SharedMark other(ipc::OwnedFd(copy_of(mark.fd())));
  const SharedMark stranger;
  mark.get() = true;
  EXPECT_TRUE(other.get());
  other.get() = false;
  EXPECT_FALSE(mark.get());
  EXPECT_FALSE(stranger.get());
  EXPECT_EQ(other.fd(), -1) << "it is not needed any more";
}

TEST(SharedMark, WithoutMemoryIsTheProcessesOwn) {
  const SharedMark mark{ipc::OwnedFd()};
  mark.get() = true;
  EXPECT_TRUE(mark.get());
}

}  // namespace
}  // namespace prefork::child
