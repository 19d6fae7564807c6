// How the text of an option becomes a member of Options and back. A field knows its type, member
// and range; option_table.cpp gives it a name and help. Stateless.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/base/problem.h"
#include "config/options/options.h"

namespace prefork::config {

struct CountField {
  std::uint32_t Options::*member;
  std::uint32_t least;
  std::uint32_t most;
};

struct SizeField {
  std::size_t Options::*member;
  std::size_t least;
  std::size_t most;
};

struct DurationField {
  std::chrono::milliseconds Options::*member;
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
  bool may_be_off = false;  // as `off` or 0, kept as 0
};

struct SwitchField {
  bool Options::*member;
};

// An option whose text has a form of its own.
struct CustomField {
  std::optional<Problem> (*set)(Options&, std::string_view);  // a repeatable option appends
  std::vector<std::string> (*get)(const Options&);            // empty: not set
  std::string_view range;                                     // for the help; may be empty
  bool is_repeatable = false;
  char separator = ',';               // between values in the environment, where it is repeatable
  void (*clear)(Options&) = nullptr;  // takes the default away before the first value is appended
};

// Not a setting: `--help`, `--check-config` and their like.
struct ActionField {};

using OptionField =
    std::variant<CountField, SizeField, DurationField, SwitchField, CustomField, ActionField>;

// Stores the value, or says why not. Text is never empty here.
std::optional<Problem> set_field(const OptionField& field, Options& options, std::string_view text);

// To be called before the first set_field() of a source: what was there is replaced, not added to.
void clear_field(const OptionField& field, Options& options);

// The values as texts that set_field() accepts: one, or several of a repeatable option, or none.
std::vector<std::string> field_texts(const OptionField& field, const Options& options);

// `1 to 256`; empty where there is no range.
std::string range_text(const OptionField& field);

// Whether the option is written without a value.
bool is_switch(const OptionField& field);
bool is_action(const OptionField& field);
bool is_repeatable(const OptionField& field);

// true, false and the other words people use for them.
std::optional<bool> parse_switch(std::string_view text);

}  // namespace prefork::config
