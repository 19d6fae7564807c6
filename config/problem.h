// What is wrong with one value, without where it was found: the reader of the value knows that and
// makes a ConfigError of it.
#pragma once

#include <string>
#include <variant>

namespace prefork {

struct Problem {
  std::string text;  // what is wrong and how to mend it, as a part of a line
};

template <typename Value>
using ValueOrProblem = std::variant<Value, Problem>;

}  // namespace prefork
