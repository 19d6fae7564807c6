// Why prefork-server may do something else than nginx: each rule is a predicate over the bytes and
// both outcomes here, and a sentence in differences.txt. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/conformance/differential/outcome.h"

namespace prefork::test {

struct Comparison {
  std::string bytes;  // as sent, with the sentinel if there was one
  bool mutated = true;
  Outcome ours;
  Outcome theirs;
};

// Where the outcomes part: the letters of Outcome::shape there, '-' for one that has ended before.
// Both are the same where only the content of a body differs.
struct Parting {
  std::size_t at = 0;
  char ours = '-';
  char theirs = '-';
};

struct Rule {
  std::string_view name;
  bool (*explains)(const Comparison&, const Parting&);
};

std::span<const Rule> rules();

// Nothing where there are as many answers of the same kinds, and the same content where bodies were
// given back.
std::optional<Parting> parting_of(const Comparison& comparison);

// What prefork-server said was wrong, such as "no Host field"; empty if it refused nothing.
std::string refusal_detail(const Outcome& outcome);

}  // namespace prefork::test
