// Wrong uses of the headers, one for each number: what a compiler says of it is one error, and that
// is the sentence behind `says:`. Compiled by refused.cmake.
#include <prefork/app.hpp>

#include <string_view>
#include <vector>

// A use and its sentence are one line.
// clang-format off
PREFORK_APP(app) {
#if WRONG == 1  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](int) { return prefork::text(""); });
#elif WRONG == 2  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](const prefork::Request&) { return std::vector<int>(); });
#elif WRONG == 3  // says: an int (the status) or void (204)
  app.group("/a").post("/", [] { return true; });
#elif WRONG == 4  // says: with prefork::deferred before it, it takes
  app.get("/", [](prefork::Request, prefork::Responder) {});
#elif WRONG == 5  // says: a deferred handler takes (prefork::Request, prefork::Responder)
  app.get("/", prefork::deferred, [](const prefork::Request&) { return prefork::text(""); });
#elif WRONG == 6  // says: a function before() takes (const prefork::Request&)
  app.before([](const prefork::Request&) { return true; });
#elif WRONG == 7  // says: a function after() takes (const prefork::Request&, prefork::Response&)
  app.after([](prefork::Response&) {});
#elif WRONG == 8  // says: a function on_error() takes (const prefork::Request&, const std::exception&)
  app.on_error([](const std::exception&) { return prefork::text(""); });
#elif WRONG == 9   // says: a handler runs in one place: on_loop, on_pool(), upload() or deferred
  app.get("/", prefork::on_loop, prefork::on_pool("a"), [] { return ""; });
#elif WRONG == 10  // says: between a route's pattern and its handler, which comes last, stand
  app.get(
      "/", [] { return ""; }, prefork::on_loop);
#elif WRONG == 11  // says: a route has one limit: that of upload() or body_limit()
  app.post("/", prefork::upload(10), prefork::body_limit(20), [] {});
#elif WRONG == 12  // says: a route ends with its handler
  app.get("/");
#elif WRONG == 13  // says: a parameter is a whole or floating number, bool, std::string
  app.get("/{a}",
          [](const prefork::Request& request) { request.parameter<std::vector<int>>("a"); });
#elif WRONG == 14  // says: a typed value is a whole or floating number, bool, std::string
  app.get("/", [](const prefork::Request& request) { request.query<char>("a"); });
#elif WRONG == 15  // says: values of queries, forms and settings are copies: take std::string
  app.get("/", [](const prefork::Request& request) { request.form<std::string_view>("a"); });
#elif WRONG == 16  // says: values of queries, forms and settings are copies: take std::string
  app.setting<std::string_view>("a");
#elif WRONG == 17  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.not_found([](const prefork::Request&) { return 4.04; });
#elif WRONG == 18  // says: a handler that is a coroutine takes its Request by value
  app.get("/", [](const prefork::Request&) -> prefork::Task<prefork::Response> {
    co_return prefork::text("");
  });
#elif WRONG == 19  // says: a handler that is a coroutine returns a prefork::Task<prefork::Response>
  app.get("/", [](prefork::Request) -> prefork::Task<int> { co_return 204; });
#elif WRONG == 20  // says: a handler that is a coroutine runs on the event loop: without on_pool()
  app.get("/", prefork::on_pool("a"), [](prefork::Request) -> prefork::Task<prefork::Response> {
    co_return prefork::text("");
  });
#elif WRONG == 21  // says: request.json() needs #include <prefork/json.hpp>, and nlohmann-json
  app.get("/", [](const prefork::Request& request) { request.json<int>(); });
#endif
}
// clang-format on
