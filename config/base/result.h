// What a call returns that may fail, everywhere off the data path: a value, or what is wrong.
//
// Copyable and movable as its value is; any thread may use one of its own. Asking for the part that
// is not there is a fault of the caller and ends the process.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace prefork::config {

// Without where it was found: who read the value or wanted the thing knows that and says it (a
// reader of options makes a ConfigError of it).
struct Problem {
  std::string text;  // what is wrong and how to mend it, as a part of a line
  bool operator==(const Problem&) const = default;
};

// `Error` where more has to be told than a text.
template <typename Value, typename Error = Problem>
class [[nodiscard]] Result {
 public:
  Result(Value held) : held_(std::in_place_index<0>, std::move(held)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return held_.index() == 0; }
  [[nodiscard]] const Value& value() const& { return *there(std::get_if<0>(&held_)); }
  [[nodiscard]] Value& value() & { return *there(std::get_if<0>(&held_)); }
  [[nodiscard]] Value&& value() && { return std::move(*there(std::get_if<0>(&held_))); }
  [[nodiscard]] const Error& problem() const { return *there(std::get_if<1>(&held_)); }

 private:
  template <typename Part>
  static Part* there(Part* part) {
    if (part == nullptr) std::abort();
    return part;
  }

  std::variant<Value, Error> held_;
};

// There is nothing to return but whether it worked: `return {};` says that it did.
template <typename Error>
class [[nodiscard]] Result<void, Error> {
 public:
  Result() = default;
  Result(Error error) : problem_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !problem_; }
  [[nodiscard]] const Error& problem() const {
    if (!problem_) std::abort();
    return *problem_;
  }

 private:
  std::optional<Error> problem_;
};

// Stores the value, or hands on what is wrong with it.
template <typename Value, typename Error, typename Member>
Result<void, Error> store(Result<Value, Error> parsed, Member& member) {
  if (!parsed.ok()) return parsed.problem();
  member = std::move(parsed).value();
  return {};
}

}  // namespace prefork::config
