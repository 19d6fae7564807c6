// Sessions in a signed cookie: from one request to the next.
#include <gtest/gtest.h>

#include <prefork/session.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/server/include/made_request.h"

namespace prefork {
namespace {

using namespace std::chrono_literals;
using testing_include::MadeRequest;

const Keys::Clock::time_point kSignedAt(std::chrono::seconds(1'800'000'000));
const Keys kSessionKeys({"the one key of these tests, 36 bytes"});

// The Set-Cookie of a response; empty: there is none.
std::string set_cookie_of(const Response& response) {
  std::string all;
  prefork_api api{};
  api.set_status = [](prefork_response*, int) {};
  api.add_field = [](prefork_response* to, prefork_text name, prefork_text value) {
    if (detail::view(name) == "Set-Cookie") {
      reinterpret_cast<std::string*>(to)->append(detail::view(value));
    }
  };
  response.send_head(api, reinterpret_cast<prefork_response*>(&all));
  return all;
}

std::string set_cookie_for(const Sessions& sessions, const Session& session,
                           Keys::Clock::time_point now = kSignedAt) {
  Response response;
  sessions.save(session, response, now);
  return set_cookie_of(response);
}

// "session=v1..." of a Set-Cookie, as a browser sends it back.
std::string cookie_pair_of(const std::string& set_cookie) {
  return set_cookie.substr(0, set_cookie.find(';'));
}

Session session_of(const Sessions& sessions, const std::string& cookie,
                   Keys::Clock::time_point now = kSignedAt, const std::string& scheme = "http") {
  MadeRequest made({{"Cookie", cookie}});
  return sessions.open(made.scheme(scheme).get(), now);
}

Session session_of_alice() {
  Session session;
  session.set("user", "alice");
  return session;
}

TEST(Sessions, ComeBackWithWhatWasPutIntoThem) {
  const Sessions sessions(kSessionKeys, {.max_age = 1h});
  Session session = session_of(sessions, "other=1");
  EXPECT_TRUE(session.empty());
  session.set("user", "alice");
  session.set("", std::string("any\0 bytes: 4:user;\xFF", 19));
  const std::string set_cookie = set_cookie_for(sessions, session);
  EXPECT_TRUE(set_cookie.starts_with("session=v1.")) << set_cookie;
  EXPECT_TRUE(set_cookie.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")) << set_cookie;
  const Session again = session_of(sessions, cookie_pair_of(set_cookie));
  EXPECT_EQ(again.get("user"), "alice");
  EXPECT_EQ(again.values(), session.values());
  EXPECT_EQ(again.get("none"), std::nullopt);
  EXPECT_EQ(again.get("user", "nobody"), "alice");
  EXPECT_EQ(again.get("none", "nobody"), "nobody");
  EXPECT_FALSE(again.is_changed());
}

TEST(Sessions, AreSentOnlyWhenTheyChangeOrHalfOfTheirTimeIsOver) {
  const Sessions sessions(kSessionKeys, {.max_age = 1h});
  EXPECT_EQ(set_cookie_for(sessions, Session()), "");
  const std::string cookie = cookie_pair_of(set_cookie_for(sessions, session_of_alice()));
  Session session = session_of(sessions, cookie);
  EXPECT_EQ(set_cookie_for(sessions, session, kSignedAt + 29min), "");
  session.set("user", "alice");  // as it is
  session.erase("none");
  EXPECT_EQ(set_cookie_for(sessions, session, kSignedAt + 29min), "");
  const std::string renewed = set_cookie_for(sessions, session, kSignedAt + 30min);
  EXPECT_EQ(session_of(sessions, cookie_pair_of(renewed), kSignedAt + 89min).get("user"), "alice");
  session.set("user", "bob");
  EXPECT_NE(set_cookie_for(sessions, session), "");
  session = session_of(sessions, cookie);
  session.set("more", "x");
  session.erase("user");
  EXPECT_EQ(session_of(sessions, cookie_pair_of(set_cookie_for(sessions, session))).values(),
            (Session::Values{{"more", "x"}}));
}

TEST(Sessions, ThatAreClearedAreForgotten) {
  const Sessions sessions(kSessionKeys, {.path = "/admin"});
  Session fresh = session_of_alice();
  fresh.clear();
  EXPECT_EQ(set_cookie_for(sessions, fresh), "");
  Session session =
      session_of(sessions, cookie_pair_of(set_cookie_for(sessions, session_of_alice())));
  session.clear();
  EXPECT_EQ(set_cookie_for(sessions, session),
            "session=; Path=/admin; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
  session.set("user", "bob");
  EXPECT_EQ(session_of(sessions, cookie_pair_of(set_cookie_for(sessions, session))).get("user"),
            "bob");
}

TEST(Sessions, AreNewWhereTheCookieIsNotTheirs) {
  const Sessions sessions(kSessionKeys, {.max_age = 1h});
  const std::string cookie = cookie_pair_of(set_cookie_for(sessions, session_of_alice()));
  EXPECT_EQ(session_of(sessions, cookie, kSignedAt + 3599s).get("user"), "alice");
  EXPECT_TRUE(session_of(sessions, cookie, kSignedAt + 1h).empty());
  EXPECT_TRUE(
      session_of(Sessions(kSessionKeys, {.cookie = "other"}), "other" + cookie.substr(7)).empty());
  EXPECT_TRUE(session_of(Sessions(Keys({std::string(32, 'k')})), cookie).empty());
  const std::string start = "session=";
  for (std::size_t i = start.size(); i < cookie.size(); ++i) {
    std::string forged = cookie;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    const Session session = session_of(sessions, forged);
    EXPECT_TRUE(session.empty()) << i;
    EXPECT_EQ(set_cookie_for(sessions, session), "");
  }
  // Signed with the key, but by somebody else.
  for (const char* text : {"", "x", "3:abc", "10:18000000005:a", "10:18000000001:a9:x",
                           "10:180000000099999999999999999999:a"}) {
    EXPECT_TRUE(
        session_of(sessions, start + kSessionKeys.sign("session", text, kSignedAt + 1h)).empty())
        << text;
  }
}

TEST(Sessions, GoOverHttpsAloneWhereTheyWereOpenedByIt) {
  const auto is_secure = [](const SessionOptions& options, const std::string& scheme) {
    const Sessions sessions(kSessionKeys, options);
    Session session = session_of(sessions, "", kSignedAt, scheme);
    session.set("user", "alice");
    return set_cookie_for(sessions, session).find("; Secure") != std::string::npos;
  };
  EXPECT_FALSE(is_secure({}, "http"));
  EXPECT_TRUE(is_secure({}, "https"));
  EXPECT_TRUE(is_secure({.secure = true}, "http"));
  EXPECT_FALSE(is_secure({.secure = false}, "https"));
  EXPECT_TRUE(is_secure({.cookie = "__Host-session"}, "http"));
  EXPECT_TRUE(is_secure({.same_site = SameSite::none, .partitioned = true}, "http"));
}

TEST(Sessions, WithoutRoomInACookieAreRefused) {
  const Sessions sessions(kSessionKeys);
  Session session;
  session.set("basket", std::string(2'900, 'x'));
  EXPECT_NE(set_cookie_for(sessions, session), "");
  session.set("basket", std::string(3'100, 'x'));
  try {
    set_cookie_for(sessions, session);
    FAIL() << "it was saved";
  } catch (const std::length_error& error) {
    EXPECT_STREQ(error.what(),
                 "session 'session': it takes 4233 bytes as a cookie, and browsers keep 4096: put "
                 "less into it");
  }
}

std::string problem_of_options(const SessionOptions& options) {
  try {
    const Sessions sessions(kSessionKeys, options);
    return "none";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Sessions, AreNotMadeWithOptionsThatMakeNoCookie) {
  EXPECT_EQ(problem_of_options({}), "none");
  EXPECT_EQ(problem_of_options({.max_age = 0s}), "session 'session': max_age is not above 0");
  EXPECT_EQ(problem_of_options({.cookie = "my session"}),
            "cookie 'my session': its name is no token (RFC 9110 section 5.6.2)");
  EXPECT_EQ(problem_of_options({.same_site = SameSite::none, .secure = false}),
            "cookie 'session': SameSite=None needs Secure");
  EXPECT_EQ(problem_of_options({.cookie = "__Host-session", .path = "/x"}),
            "cookie '__Host-session': the prefix __Host- needs the path / and no domain");
}

}  // namespace
}  // namespace prefork
