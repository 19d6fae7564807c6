#include "workers/master/pid_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace prefork::master {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_to(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string new_folder() {
  std::string path = std::filesystem::temp_directory_path() / "prefork-pid-XXXXXX";
  return ::mkdtemp(path.data()) != nullptr ? path : "";
}

class PidFiles : public testing::Test {
 protected:
  ~PidFiles() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // As another process sees it.
  [[nodiscard]] std::string problem_elsewhere() const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto other = std::make_unique<PidFile>();
      const auto taken = other->take(path_);
      const std::string text = taken.ok() ? "taken" : taken.problem().text;
      const ssize_t written = ::write(ends[1], text.data(), text.size());
      ::_exit(written > 0 ? 0 : 1);  // and removes nothing, as one that is killed
    }
    ::close(ends[1]);
    char bytes[512];
    const ssize_t size = ::read(ends[0], bytes, sizeof bytes);
    ::close(ends[0]);
    ::waitpid(pid, nullptr, 0);
    return {bytes, size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  const std::string folder_ = new_folder();
  const std::string path_ = folder_ + "/shop.pid";
  std::unique_ptr<PidFile> file_ = std::make_unique<PidFile>();
};

TEST_F(PidFiles, HoldsThePidAndIsRemovedAtTheEnd) {
  ASSERT_TRUE(file_->take(path_).ok());
  EXPECT_EQ(content_of(path_), std::to_string(::getpid()) + "\n");
  file_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PidFiles, IsOneServersAlone) {
  ASSERT_TRUE(file_->take(path_).ok());
  EXPECT_EQ(problem_elsewhere(), path_ + " is that of another server (pid " +
                                     std::to_string(::getpid()) +
                                     "), which runs; stop it or name another file");
  EXPECT_EQ(content_of(path_), std::to_string(::getpid()) + "\n");
}

TEST_F(PidFiles, ThatAKilledServerHasLeftIsTakenOver) {
  EXPECT_EQ(problem_elsewhere(), "taken");
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_TRUE(file_->take(path_).ok());
  EXPECT_EQ(content_of(path_), std::to_string(::getpid()) + "\n");
}

TEST_F(PidFiles, ThatHoldsSomethingElseIsLeftAlone) {
  write_to(path_, "important\n");
  EXPECT_EQ(file_->take(path_).problem().text,
            path_ + " holds something else than a pid; name another file");
  file_.reset();
  EXPECT_EQ(content_of(path_), "important\n");
}

TEST_F(PidFiles, OfAnotherServerIsNotRemoved) {
  ASSERT_TRUE(file_->take(path_).ok());
  std::filesystem::remove(path_);
  write_to(path_, "1\n");
  file_.reset();
  EXPECT_EQ(content_of(path_), "1\n");
}

TEST_F(PidFiles, FollowsNoLink) {
  const std::string target = folder_ + "/target";
  write_to(target, "");
  std::filesystem::create_symlink(target, path_);
  EXPECT_FALSE(file_->take(path_).ok());
  EXPECT_EQ(content_of(target), "");
}

}  // namespace
}  // namespace prefork::master
