// What is wrong with one value, without where it was found: the reader of the value knows that and
// makes a ConfigError of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace prefork::config {

struct Problem {
  std::string text;  // what is wrong and how to mend it, as a part of a line
};

template <typename Value>
using ValueOrProblem = std::variant<Value, Problem>;

// Stores the parsed value, or hands on what is wrong with it.
template <typename Value, typename Member>
std::optional<Problem> store(ValueOrProblem<Value> parsed, Member& member) {
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  member = std::get<Value>(std::move(parsed));
  return std::nullopt;
}

}  // namespace prefork::config
