// Examples of the reference, see deploy/reference/filter.awk. These need OpenSSL.
#include <prefork/app.hpp>
#include <prefork/session.hpp>

#include <chrono>
#include <optional>
#include <string>

using std::chrono_literals::operator""h;

// Sessions: add_to
// Session: get, set, clear
void define_login(prefork::App& app) {
  // openssl rand -hex 32 > keys; chmod 600 keys
  const prefork::Sessions sessions(prefork::Keys::from_file("keys"), {.max_age = 12h});
  sessions.add_to(app);
  app.post("/login", [](const prefork::Request& request) {
    if (request.form("password") != "open sesame") {
      throw prefork::Error(403, "wrong");
    }
    request.state<prefork::Session>().set("user", request.form("user", "nobody"));
    return prefork::redirect("/", 303);
  });
  app.get("/me", [](const prefork::Request& request) {
    const auto user = request.state<prefork::Session>().get("user");
    return user ? prefork::text(std::string(*user)) : prefork::Response(401);
  });
  app.post("/logout", [](const prefork::Request& request) {
    request.state<prefork::Session>().clear();
    return prefork::redirect("/", 303);
  });
}

// Session: erase, values, empty, is_changed
prefork::Response forget_cart(const prefork::Request& request) {
  auto& session = request.state<prefork::Session>();
  session.erase("cart");
  if (session.empty()) {
    return prefork::text("nothing is left\n");
  }
  std::string text = session.is_changed() ? "left:\n" : "there was no cart:\n";
  for (const auto& [name, value] : session.values()) {
    text.append(name).append(" is ").append(value).append("\n");
  }
  return prefork::text(text);
}

// Sessions: open, save
prefork::Response count_visits(const prefork::Sessions& sessions, const prefork::Request& request) {
  prefork::Session session = sessions.open(request);
  const int visits = std::stoi(std::string(session.get("visits").value_or("0"))) + 1;
  session.set("visits", std::to_string(visits));
  prefork::Response response = prefork::text("visit " + std::to_string(visits) + "\n");
  sessions.save(session, response);
  return response;
}

// Sessions: reader, writer
void define_account(prefork::App& app, const prefork::Sessions& sessions) {
  auto& account = app.group("/account");
  account.before(sessions.reader());
  account.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    if (request.state<prefork::Session>().get("user")) {
      return std::nullopt;  // go on
    }
    return prefork::redirect("/login", 303);
  });
  account.after(sessions.writer());
}

// Keys: from_file, sign, verify
void define_cart(prefork::App& app) {
  const prefork::Keys keys = prefork::Keys::from_file("keys");
  app.post("/cart", [keys](const prefork::Request& request) {
    const std::string cart(request.body());  // any bytes
    return prefork::Response(204).set_cookie(
        keys.sign({.name = "cart", .value = cart, .max_age = 24h}));
  });
  app.get("/cart", [keys](const prefork::Request& request) {
    return keys.verify(request, "cart").value_or("nothing, or it was tampered with");
  });
  app.get("/reset-link", [keys] {  // for a mail; keys.verify("reset", text) reads it
    return "/reset?for=" +
           keys.sign("reset", "ann@shop.example", std::chrono::system_clock::now() + 1h);
  });
}
