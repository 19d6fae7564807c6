// What the facts about a machine mean for a server with these options. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/options/options.h"
#include "workers/doctor/facts.h"

namespace prefork::doctor {

enum class Verdict : std::uint8_t {
  ok,
  warn,  // it serves, though less well than it was asked to
  fail,  // it would not start
};

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string name;
  std::string text;  // what it is, and behind a semicolon what mends it

  bool operator==(const Finding&) const = default;
};

// In an order of their own, the same each time.
std::vector<Finding> judge(const Facts& facts, const config::Options& options);

// A line for each: "warn  backlog: ...".
std::string to_text(const std::vector<Finding>& findings);
// None of them fails.
bool is_fit(const std::vector<Finding>& findings);

}  // namespace prefork::doctor
