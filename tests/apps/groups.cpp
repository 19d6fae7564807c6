// Groups, settings and limits of routes, for the tests.
#include <prefork/app.hpp>

#include <optional>
#include <string>

namespace {

struct User {
  std::string name;
};

}  // namespace

PREFORK_APP(app) {
  app.security_headers();
  prefork::Group& admin = app.group("/admin");
  admin.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    const auto name = request.header("X-User");
    if (!name) {
      return prefork::text("log in", 401);
    }
    request.state<User>().name = *name;
    return std::nullopt;
  });
  admin.after([](const prefork::Request& request, prefork::Response& response) {
    if (const User* const user = request.find_state<User>()) {
      response.header("X-Seen", user->name);
    }
  });
  admin.mount("/files", app.setting("files", "."));
  admin.get("/me", [](const prefork::Request& request) { return request.state<User>().name; });
  admin.post("/notes", prefork::body_limit(10), [](const prefork::Request& request) {
    return prefork::text(std::string(request.body()), 201);
  });

  prefork::Group& api = app.group("/api");
  api.cors({.origins = {"https://shop.example"}}).body_limit(20);
  api.put("/items/{id}", prefork::on_loop, [](const prefork::Request& request) {
    return std::to_string(request.parameter<int>("id"));
  });
  api.get("/items/{id}", prefork::deferred,
          [](prefork::Request request, prefork::Responder responder) {
            responder.send(prefork::text(std::to_string(request.parameter<int>("id"))));
          });

  const int size = app.setting("size", 4);
  app.get("/settings", [name = app.setting("name", "nobody"), size] {
    return name + " " + std::to_string(size);
  });
}
