#include <prefork/app.hpp>

PREFORK_APP(app) {
  app.get("/", [](const prefork::Request&) { return prefork::text("Hello from {{name}}!\n"); });

  app.get("/hello/{name}", [](const prefork::Request& request) {
    return prefork::text("Hello, " + std::string(request.parameter("name")) + "!\n");
  });

  // On the event loop: it never blocks.
  app.get("/status", prefork::on_loop,
          [](const prefork::Request&) { return prefork::json(R"({"status":"ok"})"); });
}
