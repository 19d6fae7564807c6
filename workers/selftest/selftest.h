// `prefork-server selftest`: starts a server of its own with the demo application, has clients ask
// it without a pause, kills, hangs, reloads and scales it meanwhile, and says whether anything was
// lost that need not have been. Touches no other server of the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/base/result.h"
#include "config/values/exit_code.h"
#include "workers/selftest/schedule.h"

namespace prefork::selftest {

inline constexpr const char* kSelftestArgument = "selftest";

// One line.
std::string usage();

struct SelftestOrder {
  std::chrono::seconds time{10};     // no round of deeds begins later
  std::uint64_t rounds = 0;          // as many instead; 0: the time decides
  std::uint64_t workers = 4;         // of the server
  std::uint64_t seed = 0;            // of the order of deeds
  std::vector<Deed> deeds;           // of each round
  std::vector<std::string> options;  // of the server, beside the test's own
};

// What follows the word: [--seconds N] [--rounds N] [--workers N] [--seed N] [--only DEED,...]
// [-- OPTION...]
config::Result<SelftestOrder> read_selftest_order(const std::vector<std::string>& arguments);

// Prints a line for each deed and the verdict. 0: nothing was wrong.
config::ExitCode run_selftest(const SelftestOrder& order);

}  // namespace prefork::selftest
