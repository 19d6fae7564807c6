// `prefork-server new`: what it makes builds with two commands and is served, whether the server is
// installed or runs from its build folder; and what it refuses to do.
#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <string>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

namespace fs = std::filesystem;

// For CMake and a compiler at work on a busy machine.
const Milliseconds kBuildTime{200'000 * kSlowness};

FinishedRun in_shell(const std::string& folder, const std::string& commands) {
  Launch launch;
  launch.program = "/bin/sh";
  launch.arguments = {"-c", "cd '" + folder + "' && " + commands};
  launch.environment["CMAKE_GENERATOR"] = PREFORK_TEST_CMAKE_GENERATOR;
  launch.environment["CXX"] = PREFORK_TEST_CXX;
  return run_to_the_end(launch, kBuildTime);
}

FinishedRun run_new(const std::string& path, const std::string& program = "",
                    const std::string& kind = "") {
  Launch launch = launch_of({"new", path});
  if (!kind.empty()) {
    launch.arguments.insert(launch.arguments.end(), {"--kind", kind});
  }
  launch.program = program;
  return run_to_the_end(launch);
}

TEST(NewProject, OfAnInstalledServerBuildsWithTwoCommandsAndIsServed) {
  const TemporaryFolder folder;
  const std::string prefix = folder / "a prefix";
  const FinishedRun installed =
      in_shell("/", "cmake --install '" + tested_build() + "' --prefix '" + prefix + "'");
  ASSERT_EQ(installed.exit, exit_code(0)) << installed.err;
  const std::string program = prefix + "/bin/prefork-server";

  const FinishedRun made = run_new(folder / "shop", program);
  ASSERT_EQ(made.exit, exit_code(0)) << made.err;
  EXPECT_EQ(made.out, "made " + folder / "shop" +
                          ": CMakeLists.txt, app.cpp, README.md, .gitignore\n\n  cd " +
                          folder / "shop" + "\n  cmake -B build && cmake --build build\n  '" +
                          program + "' build/libshop.so --reload\n");
  const FinishedRun built = in_shell(folder / "shop", "cmake -B build && cmake --build build");
  ASSERT_EQ(built.exit, exit_code(0)) << built.out << built.err;

  Launch launch = launch_of({folder / "shop/build/libshop.so", "--reload", "--workers", "2"});
  launch.program = program;
  ServerProcess server(launch);
  EXPECT_EQ(get(server.url(), "/").body, "Hello from shop!\n");
  EXPECT_EQ(get(server.url(), "/hello/you").body, "Hello, you!\n");
  const Reply status = get(server.url(), "/status");
  EXPECT_EQ(status.body, R"({"status":"ok"})");
  EXPECT_EQ(status.header("Content-Type"), "application/json");

  // What --reload is for: change the source, build, look.
  const FinishedRun again =
      in_shell(folder / "shop", "sed -i s/Hello/Goodbye/ app.cpp && cmake --build build");
  ASSERT_EQ(again.exit, exit_code(0)) << again.out << again.err;
  EXPECT_TRUE(wait_until([&] { return get(server.url(), "/").body == "Goodbye from shop!\n"; }))
      << server.log();
  EXPECT_EQ(server.stop(), exit_code(0));
}

TEST(NewProject, OfAServerInItsBuildFolderFindsThePackageThereAndSaysHowToInstall) {
  const TemporaryFolder folder;
  const FinishedRun made = run_new(folder / "shop");
  ASSERT_EQ(made.exit, exit_code(0)) << made.err;
  const std::string build = tested_build();
  EXPECT_TRUE(made.out.ends_with("  cmake --build " + build + " && cmake --install " + build +
                                 " --prefix /usr/local\n"))
      << made.out;
  const FinishedRun configured = in_shell(folder / "shop", "cmake -B build");
  EXPECT_EQ(configured.exit, exit_code(0)) << configured.out << configured.err;
}

// What it is served with, and what it then answers.
struct Kind {
  std::string name;
  std::string files;
  std::string target;
  std::string path;
  std::string answer;
};

class NewProjectOfAKind : public testing::TestWithParam<Kind> {};

TEST_P(NewProjectOfAKind, BuildsPassesItsTestsAndIsServedWithItsSettings) {
  if (is_sanitized()) {
    GTEST_SKIP() << "its tests, which are not instrumented, would load a library that is";
  }
  const Kind& kind = GetParam();
  const TemporaryFolder folder;
  const FinishedRun made = run_new(folder / "shop", "", kind.name);
  ASSERT_EQ(made.exit, exit_code(0)) << made.err;
  EXPECT_TRUE(made.out.starts_with("made " + folder / "shop" + ": " + kind.files + "\n"))
      << made.out;
  const FinishedRun built =
      in_shell(folder / "shop", "cmake -B build && cmake --build build && ctest --test-dir build");
  ASSERT_EQ(built.exit, exit_code(0)) << built.out << built.err;
  EXPECT_NE(built.out.find("100% tests passed"), std::string::npos) << built.out;
  EXPECT_TRUE(fs::exists(folder / "shop/build/compile_commands.json"));

  ServerProcess server({folder / ("shop/" + kind.target), "--config", folder / "shop/shop.toml",
                        "--bind", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
  const Reply reply = get(server.url(), kind.path);
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find(kind.answer), std::string::npos) << reply.body;
  EXPECT_EQ(server.stop(), exit_code(0)) << server.log();
}

const Kind kKinds[] = {
    {"api", "CMakeLists.txt, app.cpp, app_test.cpp, shop.toml, README.md, .gitignore",
     "build/libshop.so", "/status", R"({"status":"ok"})"},
    {"site",
     "CMakeLists.txt, public/index.html, public/style.css, site_test.cpp, shop.toml, README.md, "
     ".gitignore",
     "public", "/", "<h1>shop</h1>"},
    {"events", "CMakeLists.txt, app.cpp, app_test.cpp, shop.toml, README.md, .gitignore",
     "build/libshop.so", "/status", R"({"status":"ok"})"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, NewProjectOfAKind, testing::ValuesIn(kKinds),
                         [](const auto& tested) { return tested.param.name; });

TEST(NewProject, WithASymbolThatNobodyDefinesIsNotLinked) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_new(folder / "shop").exit, exit_code(0));
  const FinishedRun built = in_shell(folder / "shop",
                                     "echo 'int nowhere(); extern \"C\" PREFORK_EXPORT int f() { "
                                     "return nowhere(); }' >> app.cpp && "
                                     "cmake -B build && cmake --build build");
  EXPECT_NE(built.exit, exit_code(0));
  EXPECT_NE((built.out + built.err).find("nowhere"), std::string::npos) << built.out << built.err;
}

TEST(NewProject, FillsAnEmptyFolderThatIsThere) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "shop");
  EXPECT_EQ(run_new(folder / "shop/").exit, exit_code(0));
  const std::string cmake = read_file(folder / "shop/CMakeLists.txt");
  EXPECT_NE(cmake.find("prefork_add_application(shop app.cpp)"), std::string::npos) << cmake;
  for (const auto& entry : fs::directory_iterator(folder / "shop")) {
    EXPECT_EQ(read_file(entry.path()).find("{{"), std::string::npos) << entry.path();
  }
}

TEST(NewProject, WithANameForWhichThereIsNoRoomSaysSoInOneLineAndLeavesNothing) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "full");
  folder.write("full/mine", "my own");
  folder.write("file", "my own");
  const struct {
    std::string path;
    std::string line;
  } cases[] = {
      {folder / "full",
       "folder '" + folder / "full" + "' is not empty; use another name or empty it"},
      {folder / "file", "'" + folder / "file" + "' exists and is not a folder; use another name"},
      {folder / "none/shop",
       "folder '" + folder / "none" + "' does not exist; create it or use another path"},
      {"/proc/shop", "cannot make folder '/proc/shop': No such file or directory"},
      {folder / "my shop",
       "'my shop' cannot be the name of an application; use letters, digits, - and _, and begin "
       "with a letter"},
  };
  for (const auto& one : cases) {
    const FinishedRun run = run_new(one.path);
    EXPECT_EQ(run.exit, exit_code(2)) << one.path;
    EXPECT_EQ(run.err, "prefork-server: new: " + one.line + "\n");
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(read_file(folder / "full/mine"), "my own");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "full"), {}), 1);
}

TEST(NewProject, WhereNobodyMayWriteSaysSo) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to be somebody else";
  }
  const TemporaryFolder folder;
  fs::create_directory(folder / "theirs");
  Launch launch = launch_of({"new", folder / "theirs/shop"});
  launch.user = 65'534;
  const FinishedRun run = run_to_the_end(launch);
  EXPECT_EQ(run.exit, exit_code(2));
  EXPECT_EQ(run.err, "prefork-server: new: cannot make folder '" + folder / "theirs/shop" +
                         "': Permission denied\n");
}

}  // namespace
}  // namespace prefork::test
