// What operators set for the application: `--set database=/var/lib/shop.db`. A plain value, checked
// when it is parsed; what it means is the application's affair.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/base/result.h"

namespace prefork::config {

struct AppSetting {
  std::string key;
  std::string value;   // may be empty
  std::string origin;  // as `--print-config` shows it

  // `key=value`, which parse_app_setting() accepts.
  std::string text() const { return key + "=" + value; }

  bool operator==(const AppSetting&) const = default;
};

// `key=value`, without an origin.
Result<AppSetting> parse_app_setting(std::string_view text);

// What a setting is called, as far as that can be told.
std::string_view app_setting_key(std::string_view text);

inline constexpr std::size_t kMaxAppSettings = 256;
inline constexpr std::size_t kMaxAppSettingKey = 64;
inline constexpr std::size_t kMaxAppSettingBytes = 65'536;  // of a value

}  // namespace prefork::config
