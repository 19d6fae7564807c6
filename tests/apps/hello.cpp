#include <prefork/app.hpp>

PREFORK_APP(app) {
  app.get("/", [](const prefork::Request&) { return prefork::text("Hello, World!\n"); });

  app.get("/hello/{name}", [](const prefork::Request& request) {
    return prefork::json(R"({"hello":")" + std::string(request.parameter("name")) + "\"}");
  });
}
