#include "workers/master/request_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace prefork::master {
namespace {

class RequestFolderTest : public testing::Test {
 protected:
  RequestFolderTest()
      : path_(std::filesystem::temp_directory_path() /
              ("request_folder_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~RequestFolderTest() override { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename());
    }
    return names;
  }
  void make(const std::string& name) const { std::ofstream(path_ / name) << "x"; }
  static std::string number(int n) { return "a" + std::to_string(1000 + n); }

  const std::filesystem::path path_;
  const RequestFolder folder_{path_.string()};
};

TEST_F(RequestFolderTest, AFileIsForItsOwnerAlone) {
  const auto added = folder_.add("a", "what it says");
  ASSERT_TRUE(added.ok()) << added.problem().text;
  EXPECT_EQ(added.value(), (path_ / "a.request").string());
  struct stat about {};
  ASSERT_EQ(::stat(added.value().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  std::ostringstream text;
  text << std::ifstream(added.value()).rdbuf();
  EXPECT_EQ(text.str(), "what it says");
  EXPECT_EQ(names(), std::set<std::string>{"a.request"}) << "nothing unfinished";
}

TEST_F(RequestFolderTest, WhatCannotBeWrittenIsOneLine) {
  const auto added = RequestFolder((path_ / "missing").string()).add("a", "text");
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.problem().text, "cannot write " + (path_ / "missing/a.request").string() +
                                      ": No such file or directory");
  make("b.request.unfinished");
  EXPECT_FALSE(folder_.add("b", "text").ok()) << "somebody else's";
  EXPECT_EQ(names(), std::set<std::string>{"b.request.unfinished"});
}

TEST_F(RequestFolderTest, OfTooManyTheFirstGo) {
  const int more = 3;
  for (int i = 0; i < static_cast<int>(RequestFolder::kMaxFiles) + more; ++i) {
    make(number(i) + ".request");
  }
  make("a0.txt");
  folder_.prune(std::chrono::system_clock::now());
  EXPECT_EQ(names().size(), RequestFolder::kMaxFiles + 1);
  EXPECT_FALSE(names().contains(number(more - 1) + ".request"));
  EXPECT_TRUE(names().contains(number(more) + ".request"));
  EXPECT_TRUE(names().contains("a0.txt")) << "it is not ours";
}

TEST_F(RequestFolderTest, TheOldGoWithWhatWasNeverFinished) {
  make("a.request");
  make("b.request.unfinished");
  make("c.txt");
  folder_.prune(std::chrono::system_clock::now() + RequestFolder::kMaxAge -
                std::chrono::minutes(1));
  EXPECT_EQ(names().size(), 3U);
  folder_.prune(std::chrono::system_clock::now() + RequestFolder::kMaxAge +
                std::chrono::minutes(1));
  EXPECT_EQ(names(), std::set<std::string>{"c.txt"});
}

}  // namespace
}  // namespace prefork::master
