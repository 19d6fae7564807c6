#include "config/options/option_field.h"

#include <algorithm>
#include <utility>

#include "config/base/config_error.h"
#include "config/base/number.h"
#include "config/values/byte_size.h"
#include "config/values/duration.h"

namespace prefork::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOff = "off";

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string range_of(const CountField& field) {
  return std::to_string(field.least) + " to " + std::to_string(field.most);
}

std::string range_of(const SizeField& field) {
  return format_byte_size(field.least) + " to " + format_byte_size(field.most);
}

std::string range_of(const DurationField& field) {
  return format_duration(field.least) + " to " + format_duration(field.most) +
         (field.may_be_off ? " or off" : "");
}

template <typename Field>
Problem out_of_range(const Field& field, std::string_view text) {
  return Problem{printable(text) + " is out of range; use " + range_of(field)};
}

Result<void> set(const CountField& field, Options& options, std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return Problem{in_quotes(text) + " is not a whole number; use " + range_of(field)};
  if (*number < field.least || *number > field.most) return out_of_range(field, text);
  field.member.of(options) = static_cast<std::uint32_t>(*number);
  return {};
}

Result<void> set(const SizeField& field, Options& options, std::string_view text) {
  const auto bytes = parse_byte_size(text);
  if (!bytes) {
    return Problem{in_quotes(text) + " is not a size; use " + range_of(field) +
                   ", written as 512, 64k, 1m or 1g"};
  }
  if (*bytes < 0 || std::cmp_less(*bytes, field.least) || std::cmp_greater(*bytes, field.most)) {
    return out_of_range(field, text);
  }
  field.member.of(options) = static_cast<std::size_t>(*bytes);
  return {};
}

Result<void> set(const DurationField& field, Options& options, std::string_view text) {
  const auto duration = field.may_be_off && text == kOff ? 0ms : parse_duration(text);
  if (!duration) {
    return Problem{in_quotes(text) + " is not a duration; use " + range_of(field) +
                   ", written as 500ms, 30s, 2m or 1h"};
  }
  const bool is_off = field.may_be_off && *duration == 0ms;
  if (!is_off && (*duration < field.least || *duration > field.most)) {
    return out_of_range(field, text);
  }
  field.member.of(options) = *duration;
  return {};
}

Result<void> set(const SwitchField& field, Options& options, std::string_view text) {
  const auto value = parse_switch(text);
  if (!value) return Problem{in_quotes(text) + " is neither on nor off; use true or false"};
  field.member.of(options) = *value;
  return {};
}

Result<void> set(const SettingsField& field, Options& options, std::string_view text) {
  auto parsed = parse_app_setting(text);
  if (!parsed.ok()) return parsed.problem();
  std::vector<AppSetting>& known = field.member.of(options);
  const std::string& key = parsed.value().key;
  if (std::any_of(known.begin(), known.end(),
                  [&](const AppSetting& setting) { return setting.key == key; })) {
    return Problem{in_quotes(key) + " is set twice; set it once"};
  }
  if (known.size() == kMaxAppSettings) {
    return Problem{"more than " + std::to_string(kMaxAppSettings) + " settings are given"};
  }
  known.push_back(std::move(parsed).value());
  return {};
}

}  // namespace

Result<void> set_field(const OptionField& field, Options& options, std::string_view text) {
  return std::visit(
      Overloaded{
          [&](const CustomField& custom) { return custom.set(options, text); },
          [&](const ActionField&) -> Result<void> {
            if (parse_switch(text)) return {};
            return Problem{in_quotes(text) + " is neither on nor off; use true or false"};
          },
          [&](const auto& plain) { return set(plain, options, text); },
      },
      field);
}

void clear_field(const OptionField& field, Options& options) {
  const auto* custom = std::get_if<CustomField>(&field);
  if (custom != nullptr && custom->clear != nullptr) custom->clear(options);
}

std::vector<std::string> field_texts(const OptionField& field, const Options& options) {
  using Texts = std::vector<std::string>;
  return std::visit(Overloaded{
                        [&](const CountField& count) {
                          return Texts{std::to_string(count.member.of_const(options))};
                        },
                        [&](const SizeField& size) {
                          return Texts{format_byte_size(size.member.of_const(options))};
                        },
                        [&](const DurationField& duration) {
                          const auto value = duration.member.of_const(options);
                          if (duration.may_be_off && value == 0ms) return Texts{std::string(kOff)};
                          return Texts{format_duration(value)};
                        },
                        [&](const SwitchField& flag) {
                          return Texts{flag.member.of_const(options) ? "true" : "false"};
                        },
                        [&](const CustomField& custom) { return custom.get(options); },
                        [&](const SettingsField& settings) {
                          Texts texts;
                          for (const AppSetting& setting : settings.member.of_const(options)) {
                            texts.push_back(setting.text());
                          }
                          return texts;
                        },
                        [&](const ActionField&) { return Texts{}; },
                    },
                    field);
}

std::string range_text(const OptionField& field) {
  return std::visit(Overloaded{
                        [](const CustomField& custom) { return std::string(custom.range); },
                        [](const SwitchField&) { return std::string(); },
                        [](const SettingsField&) { return std::string(); },
                        [](const ActionField&) { return std::string(); },
                        [](const auto& ranged) { return range_of(ranged); },
                    },
                    field);
}

bool is_switch(const OptionField& field) {
  return std::holds_alternative<SwitchField>(field) || is_action(field);
}

bool is_action(const OptionField& field) { return std::holds_alternative<ActionField>(field); }

bool is_repeatable(const OptionField& field) {
  const auto* custom = std::get_if<CustomField>(&field);
  return std::holds_alternative<SettingsField>(field) ||
         (custom != nullptr && custom->is_repeatable);
}

char separator_of(const OptionField& field) {
  const auto* custom = std::get_if<CustomField>(&field);
  return custom != nullptr ? custom->separator : '\n';
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return std::nullopt;
}

}  // namespace prefork::config
