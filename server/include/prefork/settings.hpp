// What operators set for the application: keys of the table [app] in the configuration file, of
// [set] where that also names the `app`, and --set KEY=VALUE, which is stronger. App derives from
// it.
//
//   const std::string database = app.setting("database", "/var/lib/shop.db");
//   const int connections = app.setting("connections", 4);
//   const auto timeout = app.setting("timeout", std::chrono::milliseconds(500));  // "2s", "250ms"
//
// Any thread, any time: they are the same as long as the App lives, and a reload loads the
// application with those of then. An older server has none.
#pragma once

#include <prefork/cxx20.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/abi.h>
#include <prefork/trace.hpp>
#include <prefork/values.hpp>

namespace prefork {
inline namespace v1 {

class Settings {
 public:
  // Nothing: it is not set. An empty value is one.
  std::optional<std::string> setting(std::string_view key) const {
    prefork_setting found{};
    return find(key, found) ? std::optional<std::string>(detail::view(found.value)) : std::nullopt;
  }
  // The same as a value (see values.hpp). One that is none, or out of range, throws
  // std::invalid_argument, which names it and where it was set; in PREFORK_APP the application is
  // not loaded then.
  template <typename T>
  std::optional<T> setting(std::string_view key) const {
    return detail::typed_value<T>(setting(key), [&](const std::string& wanted) {
      prefork_setting found{};
      find(key, found);
      throw std::invalid_argument("setting '" + std::string(key) + "' (" +
                                  std::string(detail::view(found.origin)) + "): not " + wanted);
    });
  }
  template <typename T>
  T setting(std::string_view key, T otherwise) const {
    return setting<T>(key).value_or(std::move(otherwise));
  }
  std::string setting(std::string_view key, const char* otherwise) const {
    return setting(key).value_or(otherwise);
  }

 protected:
  // Both outlive it.
  Settings(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}
  ~Settings() = default;

 private:
  bool find(std::string_view key, prefork_setting& setting) const {
    setting.size = sizeof setting;
    return PREFORK_HAS(&api_, get_setting) &&
           api_.get_setting(app_, detail::text(key), &setting) == PREFORK_OK;
  }

  const prefork_api& api_;
  prefork_app* app_;
};

}  // namespace v1
}  // namespace prefork
