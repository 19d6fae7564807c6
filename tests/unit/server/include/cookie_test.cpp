// Cookies as authors set and read them.
#include <gtest/gtest.h>

#include <prefork/cookie.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/server/include/made_request.h"

namespace prefork {
namespace {

using namespace std::chrono_literals;
using testing_include::MadeRequest;

std::string problem_of_cookie(const Cookie& cookie) {
  try {
    return "none: " + cookie_text(cookie);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(CookieText, HasCarefulDefaults) {
  EXPECT_EQ(cookie_text({.name = "theme", .value = "dark"}),
            "theme=dark; Path=/; HttpOnly; SameSite=Lax");
}

TEST(CookieText, HasWhatItIsToldAndNothingElse) {
  EXPECT_EQ(
      cookie_text(
          {.name = "a", .value = "b", .path = "", .same_site = std::nullopt, .http_only = false}),
      "a=b");
  EXPECT_EQ(cookie_text({.name = "__Secure-a",
                         .value = "\"b\"",
                         .path = "/x",
                         .domain = "example.com",
                         .max_age = 24h,
                         .same_site = SameSite::none,
                         .secure = true,
                         .partitioned = true}),
            "__Secure-a=\"b\"; Path=/x; Domain=example.com; Max-Age=86400; Secure; HttpOnly; "
            "SameSite=None; Partitioned");
  EXPECT_EQ(cookie_text({.name = "a", .same_site = SameSite::strict}),
            "a=; Path=/; HttpOnly; SameSite=Strict");
}

// Max-Age=0 is not what RFC 6265bis section 4.1.1 lets a server send.
TEST(CookieText, EndsAtOnceWithADateInThePast) {
  for (const auto age : {0s, -1s}) {
    EXPECT_EQ(cookie_text({.name = "a", .max_age = age}),
              "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
  }
}

TEST(CookieText, RefusesWhatIsNoToken) {
  for (const char* name : {"", "a b", "a=b", "a;b", "a\"b", "a,b", "\xC3\xA4", "a\tb", "(a)"}) {
    EXPECT_EQ(problem_of_cookie({.name = name}),
              "cookie '" + std::string(name) + "': its name is no token (RFC 9110 section 5.6.2)");
  }
}

TEST(CookieText, RefusesAValueThatABrowserWouldCutOrDrop) {
  for (const char* value :
       {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nX: y", "\xC3\xA4", "\"a", "\x7F"}) {
    EXPECT_EQ(problem_of_cookie({.name = "a", .value = value}),
              "cookie 'a': its value has a control character, white space, a quote, comma, "
              "semicolon or backslash in it, or is not ASCII: it has to be encoded")
        << value;
  }
  // Every byte that RFC 6265 section 4.1.1 allows, and none else.
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    const bool is_allowed = byte == 0x21 || (byte >= 0x23 && byte <= 0x2B) ||
                            (byte >= 0x2D && byte <= 0x3A) || (byte >= 0x3C && byte <= 0x5B) ||
                            (byte >= 0x5D && byte <= 0x7E);
    EXPECT_EQ(problem_of_cookie({.name = "a", .value = value}).starts_with("none"), is_allowed)
        << byte;
  }
}

TEST(CookieText, RefusesMoreThanABrowserKeeps) {
  EXPECT_TRUE(
      problem_of_cookie({.name = "name", .value = std::string(4092, 'v')}).starts_with("none"));
  EXPECT_EQ(problem_of_cookie({.name = "name", .value = std::string(4093, 'v')}),
            "cookie 'name': name and value have more than 4096 bytes, which browsers drop");
}

TEST(CookieText, RefusesPathsAndDomainsThatAreNone) {
  for (const std::string& path :
       {std::string("x"), std::string("/a;b"), std::string("/a\n"), "/" + std::string(1024, 'p')}) {
    EXPECT_TRUE(problem_of_cookie({.name = "a", .path = path})
                    .starts_with("cookie 'a': its path does not begin with a slash"))
        << path;
  }
  for (const char* domain :
       {".example.com", "a b", "example.com; Secure", "http://a", "a.", "-a"}) {
    EXPECT_EQ(problem_of_cookie({.name = "a", .domain = domain}),
              "cookie 'a': its domain is no name of a host");
  }
}

TEST(CookieText, KeepsToThePrefixesAndToWhatNeedsSecure) {
  EXPECT_EQ(problem_of_cookie({.name = "a", .same_site = SameSite::none}),
            "cookie 'a': SameSite=None needs Secure");
  EXPECT_EQ(problem_of_cookie({.name = "a", .partitioned = true}),
            "cookie 'a': Partitioned needs Secure");
  EXPECT_EQ(problem_of_cookie({.name = "__secure-a"}),
            "cookie '__secure-a': the prefix __Secure- needs Secure");
  EXPECT_EQ(problem_of_cookie({.name = "__Host-a"}),
            "cookie '__Host-a': the prefix __Host- needs Secure");
  EXPECT_EQ(problem_of_cookie({.name = "__HOST-a", .path = "/x", .secure = true}),
            "cookie '__HOST-a': the prefix __Host- needs the path / and no domain");
  EXPECT_EQ(problem_of_cookie({.name = "__Host-a", .domain = "a.example", .secure = true}),
            "cookie '__Host-a': the prefix __Host- needs the path / and no domain");
  EXPECT_TRUE(problem_of_cookie({.name = "__Host-a", .secure = true}).starts_with("none"));
}

std::vector<std::string> all_set_cookies(const Response& response) {
  std::vector<std::string> values;
  prefork_api api{};
  api.set_status = [](prefork_response*, int) {};
  api.add_field = [](prefork_response* to, prefork_text name, prefork_text value) {
    if (detail::view(name) == "Set-Cookie") {
      reinterpret_cast<std::vector<std::string>*>(to)->emplace_back(detail::view(value));
    }
  };
  response.send_head(api, reinterpret_cast<prefork_response*>(&values));
  return values;
}

TEST(SetCookie, TakesThePlaceOfTheSameCookieAlone) {
  Response response = text("x").set_cookie({.name = "a", .value = "1"});
  response.set_cookie({.name = "a", .value = "2", .path = "/x"})
      .set_cookie({.name = "a", .value = "3", .domain = "example.com"})
      .set_cookie({.name = "b", .value = "4"})
      .set_cookie({.name = "a", .value = "5", .max_age = 1h});
  const std::vector<std::string> expected = {
      "a=2; Path=/x; HttpOnly; SameSite=Lax",
      "a=3; Path=/; Domain=example.com; HttpOnly; SameSite=Lax",
      "b=4; Path=/; HttpOnly; SameSite=Lax",
      "a=5; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
  };
  EXPECT_EQ(all_set_cookies(response), expected);
}

TEST(SetCookie, ThrowsAndLeavesTheResponseAsItWas) {
  Response response = text("x").set_cookie({.name = "a", .value = "1"});
  EXPECT_THROW(response.set_cookie({.name = "a", .value = "a b"}), std::invalid_argument);
  EXPECT_EQ(all_set_cookies(response),
            std::vector<std::string>{"a=1; Path=/; HttpOnly; SameSite=Lax"});
}

TEST(ExpireCookie, MakesTheBrowserForgetItWhateverItsPrefix) {
  Response response =
      text("x").set_cookie({.name = "a", .value = "1"}).expire_cookie({.name = "a"});
  response.expire_cookie({.name = "__Host-b", .value = "ignored value"});
  const std::vector<std::string> expected = {
      "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
      "__Host-b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
  };
  EXPECT_EQ(all_set_cookies(response), expected);
}

TEST(RequestCookies, AreReadInTheirOrder) {
  const MadeRequest made(
      {{"Cookie", "a=1; b=\"2\";;  c = 3 ;d"}, {"Accept", "a=9"}, {"cookie", "a=4; =5"}});
  const Request request = made.get();
  std::string all;
  for (const CookiePair& cookie : cookies(request)) {
    all.append("[").append(cookie.name).append("|").append(cookie.value).append("]");
  }
  EXPECT_EQ(all, "[a|1][b|\"2\"][c|3][a|4][|5]");
  const std::vector<std::string_view> expected = {"1", "4"};
  EXPECT_EQ(cookies(request, "a"), expected);
  EXPECT_EQ(request.cookie("a"), "1");
  EXPECT_TRUE(cookies(request, "d").empty());
}

}  // namespace
}  // namespace prefork
