// Durations as values: of settings, and of what clients send.
#include <gtest/gtest.h>

#include <prefork/settings.hpp>
#include <prefork/values.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace prefork {
namespace {

using namespace std::chrono_literals;

template <typename T>
std::optional<T> duration_of(std::string_view text) {
  T value{};
  return detail::read_value(text, value) ? std::optional<T>(value) : std::nullopt;
}

TEST(DurationValues, HaveTheUnitsOfTheServersOptions) {
  using Milliseconds = std::chrono::milliseconds;
  EXPECT_EQ(duration_of<Milliseconds>("250ms"), 250ms);
  EXPECT_EQ(duration_of<Milliseconds>("60s"), 60s);
  EXPECT_EQ(duration_of<Milliseconds>("5m"), 5min);
  EXPECT_EQ(duration_of<Milliseconds>("1h"), 1h);
  EXPECT_EQ(duration_of<Milliseconds>("0s"), 0ms);
  EXPECT_EQ(duration_of<Milliseconds>("9223372036854775807ms"), Milliseconds::max());
  for (const char* text :
       {"", "60", "0", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1d", "1us", "0x1s",
        "1sm", "off", "9223372036854775808ms", "9223372036854775807s", "2562047788016h"}) {
    EXPECT_EQ(duration_of<Milliseconds>(text), std::nullopt) << text;
  }
}

TEST(DurationValues, AreExactInEachType) {
  EXPECT_EQ(duration_of<std::chrono::seconds>("60s"), 60s);
  EXPECT_EQ(duration_of<std::chrono::seconds>("5m"), 300s);
  EXPECT_EQ(duration_of<std::chrono::seconds>("250ms"), std::nullopt) << "nothing is rounded";
  EXPECT_EQ(duration_of<std::chrono::seconds>("2000ms"), 2s);
  EXPECT_EQ(duration_of<std::chrono::hours>("120m"), 2h);
  EXPECT_EQ(duration_of<std::chrono::nanoseconds>("2ms"), 2'000'000ns);
  EXPECT_EQ(duration_of<std::chrono::nanoseconds>("2562048h"), std::nullopt) << "292 years";
  EXPECT_EQ(duration_of<std::chrono::duration<double>>("250ms"), 0.25s);
  EXPECT_EQ((duration_of<std::chrono::duration<std::int8_t>>("127s")),
            (std::chrono::duration<std::int8_t>(127)));
  EXPECT_EQ((duration_of<std::chrono::duration<std::int8_t>>("128s")), std::nullopt);
  EXPECT_EQ((duration_of<std::chrono::duration<int, std::ratio<1, 3>>>("2s")->count()), 6);
}

// The settings of an application that has one.
class OneSetting : public Settings {
 public:
  explicit OneSetting(const std::string& value) : Settings(api(), to_app(value)) {}

 private:
  static prefork_app* to_app(const std::string& value) {
    return reinterpret_cast<prefork_app*>(const_cast<std::string*>(&value));
  }
  static const prefork_api& api() {
    static const prefork_api kApi = [] {
      prefork_api api{};
      api.size = sizeof api;
      api.get_setting = [](prefork_app* app, prefork_text key,
                           prefork_setting* setting) -> prefork_status {
        if (detail::view(key) != "timeout") {
          return PREFORK_END;
        }
        setting->value = detail::text(*reinterpret_cast<const std::string*>(app));
        setting->origin = detail::text("shop.toml:3");
        return PREFORK_OK;
      };
      return api;
    }();
    return kApi;
  }
};

template <typename T>
std::string refusal_of_timeout(const std::string& value) {
  try {
    static_cast<void>(OneSetting(value).setting<T>("timeout"));
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(DurationSettings, AreThereOrHaveADefault) {
  const std::string value = "90s";
  const OneSetting settings(value);
  EXPECT_EQ(settings.setting("timeout", std::chrono::milliseconds(500)), 90s);
  EXPECT_EQ(settings.setting("other", std::chrono::milliseconds(500)), 500ms);
  EXPECT_EQ(settings.setting<std::chrono::seconds>("other"), std::nullopt);
}

TEST(DurationSettings, ThatAreNoneAreToldWhichUnitsThereAre) {
  EXPECT_EQ(refusal_of_timeout<std::chrono::milliseconds>("60"),
            "setting 'timeout' (shop.toml:3): not a whole number with a unit that fits, such as "
            "250ms, 60s, 5m, 24h");
  EXPECT_EQ(refusal_of_timeout<std::chrono::seconds>("250ms"),
            "setting 'timeout' (shop.toml:3): not a whole number with a unit that fits, such as "
            "60s, 5m, 24h");
}

}  // namespace
}  // namespace prefork
