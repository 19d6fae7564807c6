#include "config/values/app_setting.h"

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

constexpr std::string_view kKeyCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

}  // namespace

std::string_view app_setting_key(std::string_view text) { return text.substr(0, text.find('=')); }

Result<AppSetting> parse_app_setting(std::string_view text) {
  const std::string_view key = app_setting_key(text);
  if (key.empty() || key.size() > kMaxAppSettingKey ||
      key.find_first_not_of(kKeyCharacters) != key.npos) {
    return Problem{in_quotes(key) +
                   " is not the name of a setting; use letters, digits, '_', '-' " +
                   "and '.', at most " + std::to_string(kMaxAppSettingKey)};
  }
  if (key.size() == text.size()) {
    return Problem{in_quotes(text) + " has no value; use " + printable(key) + "=VALUE"};
  }
  const std::string_view value = text.substr(key.size() + 1);
  if (value.size() > kMaxAppSettingBytes) {
    return Problem{printable(key) + " has " + std::to_string(value.size()) +
                   " bytes; a setting has at most " + std::to_string(kMaxAppSettingBytes)};
  }
  return AppSetting{std::string(key), std::string(value), {}};
}

}  // namespace prefork::config
