// Wrong uses of the headers. What a compiler says of each is one error, and that is the sentence
// behind the `says:` above it. Compiled by refused.cmake.
#include <prefork/app.hpp>

#include <string_view>
#include <vector>

// A sentence is one line.
// clang-format off
PREFORK_APP(app) {
  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](int) { return prefork::text(""); });
  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](const prefork::Request&) { return std::vector<int>(); });
  // says: an int (the status) or void (204)
  app.group("/a").post("/", [] { return true; });
  // says: with prefork::deferred before it, it takes
  app.get("/", [](prefork::Request, prefork::Responder) {});
  // says: a deferred handler takes (prefork::Request, prefork::Responder)
  app.get("/", prefork::deferred, [](const prefork::Request&) { return prefork::text(""); });
  // says: a function before() takes (const prefork::Request&)
  app.before([](const prefork::Request&) { return true; });
  // says: a function after() takes (const prefork::Request&, prefork::Response&)
  app.after([](prefork::Response&) {});
  // says: a function on_error() takes (const prefork::Request&, const std::exception&)
  app.on_error([](const std::exception&) { return prefork::text(""); });
  // says: a handler runs in one place: on_loop, on_pool(), upload() or deferred
  app.get("/", prefork::on_loop, prefork::on_pool("a"), [] { return ""; });
  // says: between a route's pattern and its handler, which comes last, stand
  app.get("/", [] { return ""; }, prefork::on_loop);
  // says: a route has one limit: that of upload() or body_limit()
  app.post("/", prefork::upload(10), prefork::body_limit(20), [] {});
  // says: a route ends with its handler
  app.get("/");
  // says: a parameter is a whole or floating number, bool, std::string
  app.get("/{a}",
          [](const prefork::Request& request) { request.parameter<std::vector<int>>("a"); });
  // says: a typed value is a whole or floating number, bool, std::string
  app.get("/", [](const prefork::Request& request) { request.query<char>("a"); });
  // says: values of queries, forms and settings are copies: take std::string
  app.get("/", [](const prefork::Request& request) { request.form<std::string_view>("a"); });
  // says: values of queries, forms and settings are copies: take std::string
  app.setting<std::string_view>("a");
  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.not_found([](const prefork::Request&) { return 4.04; });
  // says: a handler that is a coroutine takes its Request by value
  app.get("/", [](const prefork::Request&) -> prefork::Task<prefork::Response> {
    co_return prefork::text("");
  });
  // says: a handler that is a coroutine returns a prefork::Task<prefork::Response>
  app.get("/", [](prefork::Request) -> prefork::Task<int> { co_return 204; });
  // says: a handler that is a coroutine runs on the event loop: without on_pool()
  app.get("/", prefork::on_pool("a"), [](prefork::Request) -> prefork::Task<prefork::Response> {
    co_return prefork::text("");
  });
  // says: request.json() needs #include <prefork/json.hpp>, and nlohmann-json
  app.get("/", [](const prefork::Request& request) { request.json<int>(); });
}
// clang-format on
