// How the text of an option becomes a member of a group of Options and back. A field knows its
// type, member and range; option_table.cpp gives it a name and help. Stateless.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::config {

// A member of one of the groups, found in any Options.
template <typename Value>
struct OptionMember {
  Value& (*of)(Options&);
  const Value& (*of_const)(const Options&);
};

// `member<&Options::limits, &LimitOptions::queue>()`
template <auto kGroup, auto kMember>
constexpr auto member() {
  using Value = std::remove_cvref_t<decltype(std::declval<Options&>().*kGroup.*kMember)>;
  return OptionMember<Value>{
      [](Options& options) -> Value& { return options.*kGroup.*kMember; },
      [](const Options& options) -> const Value& { return options.*kGroup.*kMember; },
  };
}

struct CountField {
  OptionMember<std::uint32_t> member;
  std::uint32_t least;
  std::uint32_t most;
};

struct SizeField {
  OptionMember<std::size_t> member;
  std::size_t least;
  std::size_t most;
};

struct DurationField {
  OptionMember<std::chrono::milliseconds> member;
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
  bool may_be_off = false;  // as `off` or 0, kept as 0
};

struct SwitchField {
  OptionMember<bool> member;
};

// An option whose text has a form of its own.
struct CustomField {
  Result<void> (*set)(Options&, std::string_view);  // a repeatable option appends
  std::vector<std::string> (*get)(const Options&);  // empty: not set
  std::string_view range;                           // for the help; may be empty
  bool is_repeatable = false;
  char separator = ',';               // between values in the environment, where it is repeatable
  void (*clear)(Options&) = nullptr;  // takes the default away before the first value is appended
};

// Settings of the application, `key=value`. Those of all sources are put together: the strongest
// one counts for each key, not for all of them.
struct SettingsField {
  OptionMember<std::vector<AppSetting>> member;
};

// Not a setting: `--help`, `--check-config` and their like.
struct ActionField {};

using OptionField = std::variant<CountField, SizeField, DurationField, SwitchField, CustomField,
                                 SettingsField, ActionField>;

// Stores the value, or says why not. Text is never empty here.
Result<void> set_field(const OptionField& field, Options& options, std::string_view text);

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
// Between values in the environment, where the option is repeatable.
char separator_of(const OptionField& field);

// true, false and the other words people use for them.
std::optional<bool> parse_switch(std::string_view text);

}  // namespace prefork::config
