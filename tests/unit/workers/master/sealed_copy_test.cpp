#include "workers/master/sealed_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace prefork::master {
namespace {

class SealedCopyTest : public testing::Test {
 protected:
  SealedCopyTest() {
    std::string name = testing::TempDir() + "sealed-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/libapp.so";
    std::ofstream(path_) << "one build";
  }
  ~SealedCopyTest() override { std::filesystem::remove_all(folder_); }

  static std::string content(int fd) {
    std::string text(100, '\0');
    text.resize(static_cast<std::size_t>(::pread(fd, text.data(), text.size(), 0)));
    return text;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(SealedCopyTest, StaysWhatTheFileWas) {
  const auto copy = make_sealed_copy(path_);
  ASSERT_TRUE(copy.ok());
  std::ofstream(path_) << "another";
  std::filesystem::remove(path_);
  EXPECT_EQ(content(copy.value().get()), "one build");
}

TEST_F(SealedCopyTest, CannotBeChanged) {
  const auto copy = make_sealed_copy(path_);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(::pwrite(copy.value().get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(copy.value().get(), 0), -1);
}

// sendfile(2) refuses this file, as it does on some file systems.
TEST_F(SealedCopyTest, IsMadeWhereFilesCanOnlyBeRead) {
  const auto copy = make_sealed_copy("/proc/self/environ");
  ASSERT_TRUE(copy.ok()) << copy.problem().text;
  EXPECT_FALSE(content(copy.value().get()).empty());
}

TEST_F(SealedCopyTest, NamesTheFileThatIsNotThere) {
  const auto copy = make_sealed_copy(folder_ + "/none.so");
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.problem().text,
            "cannot load '" + folder_ + "/none.so': No such file or directory");
}

}  // namespace
}  // namespace prefork::master
