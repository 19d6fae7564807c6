// deploy/run.sh in a checkout that was copied together with what was built in it.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

// Instead of tools: they say how they were called.
void write_program(const TemporaryFolder& folder, const std::string& name,
                   const std::string& text) {
  fs::permissions(folder.write(name, "#!/bin/sh\n" + text), fs::perms::owner_all);
}

TEST(ACopiedCheckout, ConfiguresAndRunsItsOwnFolder) {
  const TemporaryFolder folder;
  // Without links, as the script says it.
  const std::string copy = fs::canonical(folder.path()).string() + "/copy";
  fs::create_directories(copy + "/build/release");
  fs::create_directories(copy + "/bin");
  fs::copy(PREFORK_DEPLOY, copy + "/deploy", fs::copy_options::recursive);
  // What is installed here is not the point.
  folder.write("copy/deploy/dependencies.sh",
               read_file(copy + "/deploy/dependencies.sh") + "\ninstall_dependencies() { :; }\n");
  folder.write("copy/build/release/build.ninja", "");
  folder.write("copy/build/release/.configured", "/the/original ");
  folder.write("copy/build/release/CMakeCache.txt",
               "CMAKE_HOME_DIRECTORY:INTERNAL=/the/original\n");
  write_program(folder, "copy/bin/cmake", "echo cmake \"$@\" >> " + copy + "/calls\n");
  write_program(folder, "copy/build/release/prefork-server",
                "echo runs \"$@\" >> " + copy + "/calls\n");
  Launch launch;
  launch.program = "/bin/bash";
  launch.arguments = {
      "-c", "PATH=" + copy + "/bin:$PATH exec bash " + copy + "/deploy/run.sh --workers 4"};
  const std::string build = "cmake --build " + copy + "/build/release --target prefork-server\n";
  EXPECT_EQ(run_to_the_end(launch).exit, exit_code(0));
  EXPECT_EQ(read_file(copy + "/calls"),
            "cmake --fresh -S " + copy + " --preset release\n" + build + "runs --workers 4\n");
  EXPECT_EQ(run_to_the_end(launch).exit, exit_code(0));
  EXPECT_TRUE(read_file(copy + "/calls")
                  .ends_with(build + "runs --workers 4\n" + build + "runs --workers 4\n"))
      << "a second run configures nothing";
}

}  // namespace
}  // namespace prefork::test
