// Which build is tested. A program that only starts servers and talks to them need not be built
// with them: it looks into the folder that the environment names (PREFORK_TEST_BUILD), by default
// into that of its own build. Any thread, and before main().
#pragma once

#include <string>
#include <string_view>

namespace prefork::test {

// The folder of the build, an absolute path.
const std::string& tested_build();
// The server in it.
std::string server_binary();
// One of its applications, a file in tests/apps there: "hello" is that of tests/apps/hello.cpp.
std::string test_app(std::string_view name);

// How it is built, as it says itself. A build that does not ends the program with exit code 2.
bool is_sanitized();
bool is_debug_build();

}  // namespace prefork::test
