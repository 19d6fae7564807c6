// Parameters, queries, forms and settings as values.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/server/include/loaded_app.h"

namespace shop {

enum class Color { red, green };

bool from_text(std::string_view text, Color& color) {
  color = text == "red" ? Color::red : Color::green;
  return text == "red" || text == "green";
}

}  // namespace shop

namespace prefork {
namespace {

template <typename T>
std::optional<T> read(std::string_view text) {
  T value{};
  return detail::read_value(text, value) ? std::optional<T>(value) : std::nullopt;
}

TEST(Values, WholeNumbersAreDecimalAndInRange) {
  EXPECT_EQ(read<int>("0"), 0);
  EXPECT_EQ(read<int>("-2147483648"), std::numeric_limits<int>::min());
  EXPECT_EQ(read<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read<std::int8_t>("-128"), -128);
  for (const char* text : {"", " 1", "1 ", "+1", "0x1", "1.0", "1e3", "2147483648", "-", "one"}) {
    EXPECT_EQ(read<int>(text), std::nullopt) << text;
  }
  EXPECT_EQ(read<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(read<std::uint8_t>("256"), std::nullopt);
}

TEST(Values, NumbersAreFinite) {
  EXPECT_EQ(read<double>("2.5"), 2.5);
  EXPECT_EQ(read<double>("-1e3"), -1000);
  EXPECT_EQ(read<float>(".5"), 0.5F);
  for (const char* text : {"", "nan", "inf", "1e999", "1,5", "+1", "0x1p3", "1 ", "e"}) {
    EXPECT_EQ(read<double>(text), std::nullopt) << text;
  }
}

TEST(Values, TruthIsWrittenInFourWays) {
  for (const char* text : {"true", "1", "on", "yes"}) EXPECT_EQ(read<bool>(text), true);
  for (const char* text : {"false", "0", "off", "no"}) EXPECT_EQ(read<bool>(text), false);
  for (const char* text : {"", "True", "2"}) EXPECT_EQ(read<bool>(text), std::nullopt);
}

AppAnswer ask_one(const std::string& target, const std::function<std::string(const Request&)>& f,
                  const std::string& body = {}) {
  LoadedApp app([&](App& defined) { defined.post("/items/{id}", f); });
  return app.ask({.method = "POST", .target = target, .body = body});
}

TEST(Values, AParameterThatIsNoneIsA404) {
  const auto id = [](const Request& request) {
    return std::to_string(request.parameter<std::int16_t>("id"));
  };
  EXPECT_EQ(ask_one("/items/7", id).body, "7");
  for (const char* target : {"/items/seven", "/items/40000", "/items/7x"}) {
    const AppAnswer answer = ask_one(target, id);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer.body,
              "404 Not Found: 'id' in the path: not a whole number from -32768 to 32767\n");
    EXPECT_EQ(answer.failure, "");
  }
  const auto color = [](const Request& request) {
    return request.parameter<shop::Color>("id") == shop::Color::red ? "red" : "green";
  };
  EXPECT_EQ(ask_one("/items/green", color).body, "green");
  EXPECT_EQ(ask_one("/items/blue", color).status, 404);
  EXPECT_EQ(ask_one("/items/a",
                    [](const Request& request) {
                      return std::string(request.parameter<std::string_view>("id")) +
                             request.parameter<std::string>("id");
                    })
                .body,
            "aa");
}

TEST(Values, AParameterThatTheRouteDoesNotHaveIsAFailure) {
  const AppAnswer answer = ask_one("/items/7", [](const Request& request) {
    return std::to_string(request.parameter<int>("ID"));
  });
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.failure, "the route has no parameter 'ID'");
}

TEST(Values, OfQueriesAndFormsAreOptionalAndWrongOnesA400) {
  const auto page = [](const Request& request) {
    return std::to_string(request.query<int>("page").value_or(-1)) + " " +
           std::to_string(request.query("size", 20)) + " " + request.query("sort", "name") + " " +
           std::to_string(request.form("count", std::uint8_t{3})) + " " +
           request.form("color", "none") + (request.form<bool>("gift").value_or(false) ? "!" : "");
  };
  EXPECT_EQ(ask_one("/items/7", page).body, "-1 20 name 3 none");
  EXPECT_EQ(ask_one("/items/7?page=2&size=%35&sort=a+b", page, "count=4&color=%C3%A9&gift=on").body,
            "2 5 a b 4 \xC3\xA9!");
  const AppAnswer wrong = ask_one("/items/7?page=two", page);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.body,
            "400 Bad Request: query 'page': not a whole number from -2147483648 to 2147483647\n");
  EXPECT_EQ(ask_one("/items/7?page=", page).status, 400);
  EXPECT_EQ(ask_one("/items/7", page, "count=256").body,
            "400 Bad Request: form 'count': not a whole number from 0 to 255\n");
}

TEST(Values, AllOfAQueryAreThereInTheirOrder) {
  const auto all = [](const Request& request) {
    std::string found;
    for (const std::string& tag : request.queries("tag")) found += tag + ";";
    for (const auto& [name, value] : request.query_pairs()) found += " " + name + "=" + value;
    for (const auto& [name, value] : request.form_pairs()) found += " " + name + ":" + value;
    return found + std::to_string(request.forms("f").size());
  };
  EXPECT_EQ(ask_one("/items/7?tag=a&x&%74ag=b%20c&tag", all, "f=1&&f=2").body,
            "a;b c;; tag=a x= tag=b c tag= f:1 f:22");
}

TEST(Values, ThereIsALimitOnPairs) {
  std::string form = "a=1";
  for (std::size_t i = 1; i < kMaxPairs; ++i) form += "&b=2";
  const auto last = [](const Request& request) {
    return request.form("c").value_or("-") + request.form("a").value_or("-");
  };
  EXPECT_EQ(ask_one("/items/7", last, form).body, "-1");
  const AppAnswer answer = ask_one("/items/7", last, form + "&c=3");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "400 Bad Request: more than 1000 values\n");
}

// --- settings ------------------------------------------------------------------------------------

TEST(Settings, AreThereAsTextsAndValues) {
  LoadedApp app(
      [](App& defined) {
        EXPECT_EQ(defined.setting("database"), "/var/lib/shop.db");
        EXPECT_EQ(defined.setting("empty"), "");
        EXPECT_EQ(defined.setting("other"), std::nullopt);
        EXPECT_EQ(defined.setting("other", "none"), "none");
        EXPECT_EQ(defined.setting("pool_size", 4), 7);
        EXPECT_EQ(defined.setting("others", 4), 4);
        EXPECT_EQ(defined.setting<double>("pool_size"), 7.0);
        EXPECT_EQ(defined.setting<bool>("pool"), std::nullopt);
      },
      {{"database", "/var/lib/shop.db", "command line"},
       {"empty", "", "command line"},
       {"pool_size", "7", "/etc/shop.toml:3"}});
  EXPECT_EQ(app.failure(), "");
}

TEST(Settings, AWrongOneIsNamedWithWhereItWasSet) {
  LoadedApp app([](App& defined) { (void)defined.setting("pool_size", 4); },
                {{"pool_size", "many", "/etc/shop.toml:3"}});
  EXPECT_EQ(app.failure(),
            "setting 'pool_size' (/etc/shop.toml:3): not a whole number from -2147483648 to "
            "2147483647");
}

TEST(Settings, AnOlderServerHasNone) {
  prefork_api old = native::native_api();
  old.size = offsetof(prefork_api, get_setting);
  prefork_app native;
  native.settings = {{"a", "1", "command line"}};
  EXPECT_EQ(App(old, &native).setting("a"), std::nullopt);
  EXPECT_EQ(App(native::native_api(), &native).setting("a"), "1");
}

}  // namespace
}  // namespace prefork
