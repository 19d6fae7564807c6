// A login that a browser brings back in a signed cookie, and a cookie without a login.
//
//   umask 077; openssl rand -hex 32 >keys
//   KEYS=keys prefork-server ./libsession.so
//   curl -c jar -d user=alice -d password=rabbit localhost:8000/login; curl -b jar localhost:8000/
#include <chrono>
#include <cstdlib>
#include <optional>
#include <prefork/app.hpp>
#include <prefork/session.hpp>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using prefork::Request;
using prefork::Session;

prefork::Keys keys_of_environment() {
  const char* const path = std::getenv("KEYS");
  return prefork::Keys::from_file(path != nullptr ? path : "keys");
}

std::string cookie_name() {
  const char* const name = std::getenv("COOKIE");
  return name != nullptr ? name : "session";
}

}  // namespace

PREFORK_APP(app) {
  const prefork::Keys keys = keys_of_environment();
  const prefork::Sessions sessions(keys, {.cookie = cookie_name(), .max_age = 1h});
  sessions.add_to(app);

  app.get("/", [](const Request& request) {
    const auto user = request.state<Session>().get("user");
    return prefork::text(user ? "hello " + std::string(*user) + "\n" : "who are you?\n");
  });
  app.post("/login", [](const Request& request) {
    if (request.form("password") != "rabbit") {
      throw prefork::Error(403, "wrong password");
    }
    request.state<Session>().set("user", request.form("user").value_or("nobody"));
    return prefork::redirect("/", 303);
  });
  app.post("/logout", [](const Request& request) {
    request.state<Session>().clear();
    return prefork::redirect("/", 303);
  });
  // What a session cannot be, and a cookie not either: a 500 and a line in the log.
  app.post("/everything", [](const Request& request) {
    request.state<Session>().set("everything", std::string(10'000, 'x'));
    return prefork::text("kept\n");
  });
  app.get("/wrong", [](const Request&) {
    return prefork::text("").set_cookie({.name = "a", .same_site = prefork::SameSite::none});
  });

  // The last word that somebody has said here, whoever it is.
  app.post("/word", [keys](const Request& request) {
    return prefork::text("").set_cookie(
        keys.sign({.name = "word", .value = std::string(request.body()), .max_age = 1h}));
  });
  app.get("/word", [keys](const Request& request) {
    return prefork::text(keys.verify(request, "word").value_or("-"));
  });
}
