#include <prefork/app.hpp>

PREFORK_APP(app) {
  app.get("/", [](const prefork::Request&) { return prefork::text("Hello, World!\n"); });

  app.get("/hello/{name}", [](const prefork::Request& request) {
    return prefork::json("{\"hello\":" + prefork::quote_json(request.parameter("name")) + "}");
  });
}
