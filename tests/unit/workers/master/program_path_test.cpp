#include "workers/master/program_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace prefork::master {
namespace {

namespace fs = std::filesystem;

// This program stands for the server.
class ProgramPath : public testing::Test {
 protected:
  ProgramPath() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    link_ = folder_ + "/server";
    fs::create_symlink(program_, link_);
  }
  ~ProgramPath() override { fs::remove_all(folder_); }

  std::string folder_ = (fs::temp_directory_path() / "prefork-path-XXXXXX").string();
  const std::string program_ = fs::read_symlink("/proc/self/exe").string();
  std::string link_;
};

TEST_F(ProgramPath, IsTheNameItWasStartedByAndNotWhereThatLeads) {
  EXPECT_EQ(find_program_path(link_, {}), link_);
  EXPECT_EQ(find_program_path(program_, {}), program_);
}

TEST_F(ProgramPath, ANameWithoutASlashIsSearchedForAsAShellDoes) {
  EXPECT_EQ(find_program_path("server", {{"PATH", "/nowhere::" + folder_}}), link_);
}

TEST_F(ProgramPath, ARelativeNameBeginsInTheWorkingFolderByItsName) {
  const fs::path before = fs::current_path();
  const std::string name = folder_ + "/name";
  fs::create_directory_symlink(folder_, name);
  fs::current_path(name);
  EXPECT_EQ(find_program_path("./server", {{"PWD", name}}), name + "/server");
  EXPECT_EQ(find_program_path("./server", {{"PWD", "/"}}), fs::canonical(folder_) / "server");
  fs::current_path(before);
}

TEST_F(ProgramPath, ANameThatLeadsElsewhereIsNotBelieved) {
  EXPECT_EQ(find_program_path("server", {{"PATH", "/nowhere"}}), program_);
  EXPECT_EQ(find_program_path("/bin/sh", {}), program_);
  EXPECT_EQ(find_program_path("/proc/self/exe", {}), program_);
}

}  // namespace
}  // namespace prefork::master
