#include "tests/support/tested_build.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace prefork::test {

namespace {

struct Facts {
  bool sanitized = false;
  bool debug = false;
};

// Constants of test programs ask for it: before main() nobody would catch what is thrown.
Facts facts_of(const std::string& build) {
  const std::string path = build + "/tests/facts.json";
  try {
    std::ifstream file(path);
    if (!file) {
      throw std::system_error(errno, std::generic_category());
    }
    const nlohmann::json facts = nlohmann::json::parse(file);
    return {!facts.at("sanitizers").get<std::string>().empty(),
            facts.at("build_type").get<std::string>() == "Debug"};
  } catch (const std::exception& error) {
    std::fprintf(
        stderr,
        "cannot read '%s' (%s); configure and build that folder with -DPREFORK_DEVELOPER=ON,"
        " or let PREFORK_TEST_BUILD name one where that was done\n",
        path.c_str(), error.what());
    std::exit(2);
  }
}

const Facts& facts() {
  static const Facts facts = facts_of(tested_build());
  return facts;
}

}  // namespace

const std::string& tested_build() {
  static const std::string folder = [] {
    const char* const named = std::getenv("PREFORK_TEST_BUILD");
    return named == nullptr ? PREFORK_OWN_BUILD : std::filesystem::absolute(named).string();
  }();
  return folder;
}

std::string server_binary() { return tested_build() + "/prefork-server"; }

std::string test_app(std::string_view name) {
  return tested_build() + "/tests/apps/libtest_app_" + std::string(name) + ".so";
}

bool is_sanitized() { return facts().sanitized; }

bool is_debug_build() { return facts().debug; }

}  // namespace prefork::test
