// Wrong uses of the headers, one for each number: what a compiler says of it is one error, and that
// is the sentence behind `says:`. Compiled by refused.cmake.
#include <prefork/app.hpp>

#include <string_view>
#include <vector>

PREFORK_APP(app) {
#if PREFORK_WRONG_USE == \
    1  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](int) { return prefork::text(""); });
#elif PREFORK_WRONG_USE == \
    2  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.get("/", [](const prefork::Request&) { return std::vector<int>(); });
#elif PREFORK_WRONG_USE == 3  // says: an int (the status) or void (204)
  app.group("/a").post("/", [] { return true; });
#elif PREFORK_WRONG_USE == 4  // says: with prefork::deferred before it, it takes
  app.get("/", [](prefork::Request, prefork::Responder) {});
#elif PREFORK_WRONG_USE == \
    5  // says: a deferred handler takes (prefork::Request, prefork::Responder)
  app.get("/", prefork::deferred, [](const prefork::Request&) { return prefork::text(""); });
#elif PREFORK_WRONG_USE == 6  // says: a function before() takes (const prefork::Request&)
  app.before([](const prefork::Request&) { return true; });
#elif PREFORK_WRONG_USE == \
    7  // says: a function after() takes (const prefork::Request&, prefork::Response&)
  app.after([](prefork::Response&) {});
#elif PREFORK_WRONG_USE == \
    8  // says: a function on_error() takes (const prefork::Request&, const std::exception&)
  app.on_error([](const std::exception&) { return prefork::text(""); });
#elif PREFORK_WRONG_USE == \
    9  // says: a handler runs in one place: on_loop, on_pool(), upload() or deferred
  app.get("/", prefork::on_loop, prefork::on_pool("a"), [] { return ""; });
#elif PREFORK_WRONG_USE == \
    10  // says: between a route's pattern and its handler, which comes last, stand
  app.get(
      "/", [] { return ""; }, prefork::on_loop);
#elif PREFORK_WRONG_USE == 11  // says: a route has one limit: that of upload() or body_limit()
  app.post("/", prefork::upload(10), prefork::body_limit(20), [] {});
#elif PREFORK_WRONG_USE == 12  // says: a route ends with its handler
  app.get("/");
#elif PREFORK_WRONG_USE == 13  // says: a parameter is a whole or floating number, bool, std::string
  app.get("/{a}",
          [](const prefork::Request& request) { request.parameter<std::vector<int>>("a"); });
#elif PREFORK_WRONG_USE == \
    14  // says: a typed value is a whole or floating number, bool, std::string
  app.get("/", [](const prefork::Request& request) { request.query<char>("a"); });
#elif PREFORK_WRONG_USE == \
    15  // says: values of queries, forms and settings are copies: take std::string
  app.get("/", [](const prefork::Request& request) { request.form<std::string_view>("a"); });
#elif PREFORK_WRONG_USE == \
    16  // says: values of queries, forms and settings are copies: take std::string
  app.setting<std::string_view>("a");
#elif PREFORK_WRONG_USE == \
    17  // says: a handler takes (const prefork::Request&) or nothing and returns
  app.not_found([](const prefork::Request&) { return 4.04; });
#endif
}
