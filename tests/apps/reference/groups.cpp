// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <chrono>
#include <optional>
#include <string>

using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

// RouteList: group
void define_admin(prefork::App& app) {
  auto& admin = app.group("/admin");
  admin.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    if (request.cookie("admin")) {
      return std::nullopt;  // go on
    }
    return prefork::text("not for you\n", 403);
  });
  admin.get("/users", [] { return "ann\nbob\n"; });  // GET /admin/users
  admin.group("/reports").get("", [] { return "none yet\n"; });
}

// RouteList: body_limit, pool
// body_limit
void define_limits(prefork::App& app) {
  auto& reports = app.group("/reports");
  reports.body_limit(64 * 1024).pool(prefork::on_pool("reports", prefork::Priority::low));
  reports.post("", [](const prefork::Request&) { return 201; });
  reports.post("/large", prefork::body_limit(8 << 20), [](const prefork::Request&) { return 201; });
}

// RouteList: cors, security_headers
void define_browsers(prefork::App& app) {
  app.security_headers();  // nosniff and others, on every answer
  app.group("/embed").security_headers({.frame_options = "SAMEORIGIN"});
  app.group("/api").cors({.origins = {"https://shop.example"},
                          .credentials = true,
                          .methods = {"GET", "POST"},
                          .exposed = {"X-Total"},
                          .max_age = 10min});
}

// Settings: setting
void define_settings(prefork::App& app) {
  // [app] in the configuration file, or --set database=/var/lib/shop.db
  const std::string database = app.setting("database", "shop.db");
  const int connections = app.setting("connections", 4);  // not loaded where it is no number
  const std::optional<bool> is_test = app.setting<bool>("test");
  if (const std::optional<std::string> owner = app.setting("owner")) {
    app.log(prefork::LogLevel::info, *owner + " is asked for what goes wrong");
  }
  app.get("/settings", [=] {
    return database + ", " + std::to_string(connections) +
           (is_test.value_or(false) ? ", to try it out\n" : "\n");
  });
}

// ErrorPages: error_page
// Error: status
void define_pages(prefork::App& app) {
  app.error_page(503, prefork::html("<h1>We are back soon</h1>"));
  app.error_page(404, [](const prefork::Request& request, const prefork::Error& error) {
    return prefork::html("<h1>" + std::to_string(error.status()) + " for " +
                         prefork::html_text(request.path()) + "</h1><p>" +
                         prefork::html_text(error.what()) + "</p>");
  });
}

// Error: header, type, title, member
prefork::Response count_stock(const prefork::Request& request) {
  const int id = request.parameter<int>("id");
  if (id > 1000) {
    throw prefork::Error(404, "no such article");
  }
  throw prefork::Error(503, "the stock is being counted")
      .header("Retry-After", "30")
      .type("https://shop.example/problems/counting")
      .title("Counting")
      .member("article", id);
}

// JobList: every
void count_what_there_is() {}

void define_jobs(prefork::App& app) {
  app.every(2s, prefork::leader, [&app] {  // on the event loop of the one that leads
    app.log(prefork::LogLevel::info, "what is old is removed");
  });
  app.every(1min, prefork::each_worker, prefork::on_pool(prefork::Priority::low),
            [] { count_what_there_is(); });  // where it may block
  app.every(10s, prefork::leader, []() -> prefork::Task<> { co_await prefork::sleep(1s); });
}

// JobList: run_on_loop
void define_loop(prefork::App& app) {
  app.post("/notes", [&app](const prefork::Request& request) {
    const bool is_taken =
        app.run_on_loop([&app, note = std::string(request.body())] {  // by any thread
          app.log(prefork::LogLevel::info, note);
        });
    return is_taken ? 202 : 503;
  });
}
