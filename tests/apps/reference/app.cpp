// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

// RouteList: get, post, put, patch, del
void define_items(prefork::App& app) {
  app.get("/items/{id}", [](const prefork::Request& request) {
    return prefork::text("item " + std::string(request.parameter("id")));
  });
  app.post("/items", [](const prefork::Request& request) {
    return prefork::text("made of " + std::to_string(request.body().size()) + " bytes", 201);
  });
  app.put("/items/{id}", [] { return 204; });  // a status alone
  app.patch("/items/{id}", [] { return "changed\n"; });
  app.del("/items/{id}", [] {});  // 204
}

// RouteList: route
void define_places(prefork::App& app) {
  // On the pool; on the event loop; with the content while it arrives; later, by any thread.
  app.route("GET", "/slow", [](const prefork::Request&) { return prefork::text("on the pool"); });
  app.route("GET", "/fast", prefork::on_loop,
            [](const prefork::Request&) { return prefork::text("on the event loop"); });
  app.route("PROPFIND", "/files/{path...}", prefork::on_pool("reports", prefork::Priority::low),
            [](const prefork::Request&) { return prefork::Response(207); });
  app.route("GET", "/later", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    responder.send(prefork::text("by whoever has the responder"));
  });
}

// RouteList: before, after
void define_around(prefork::App& app) {
  app.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    if (request.header("Authorization")) {
      return std::nullopt;  // go on
    }
    return prefork::text("who are you?\n", 401).header("WWW-Authenticate", "Basic");
  });
  app.after([](const prefork::Request&, prefork::Response& response) {
    response.header("X-Content-Type-Options", "nosniff");
  });
}

// RouteList: on_error, not_found
void define_errors(prefork::App& app) {
  app.on_error([](const prefork::Request&, const std::exception& error) {
    if (dynamic_cast<const std::out_of_range*>(&error) != nullptr) {
      return prefork::text("there is no such thing\n", 404);
    }
    throw std::runtime_error(error.what());  // a 500, with this in the log
  });
  app.not_found([](const prefork::Request& request) {
    return prefork::text("nothing at " + std::string(request.path()) + "\n", 404);
  });
}

// RouteList: mount
void define_folders(prefork::App& app) {
  app.mount("/assets", "public", {.cache_control = "max-age=3600"});
  app.mount("/", "front-end", {.spa = true});
}

// App: counter, gauge, histogram
// Counter: add, sum
// Gauge: set, add, sum
// Histogram: observe
void define_numbers(prefork::App& app) {
  const prefork::Counter orders = app.counter("orders_total");
  const prefork::Gauge stock = app.gauge("stock");
  const prefork::Histogram seconds = app.histogram("payment_seconds", {0.01, 0.1, 1, 10});
  app.post("/orders", [=](const prefork::Request&) {
    orders.add();
    stock.add(-1);
    seconds.observe(0.04);
    return prefork::text(std::to_string(orders.sum()) + " orders, " + std::to_string(stock.sum()) +
                         " left\n");
  });
  app.put("/stock", [stock](const prefork::Request&) {
    stock.set(100);
    return prefork::Response(204);
  });
}

// App: on_load, on_worker_start, on_lead, on_drain, on_worker_stop, log
void define_life(prefork::App& app) {
  app.on_load([&app] { app.log(prefork::LogLevel::info, "everything is defined"); });
  app.on_worker_start([&app](const prefork::Worker& worker) {
    app.log(prefork::LogLevel::info, "worker " + std::to_string(worker.slot) + " starts");
  });
  app.on_lead([&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "it leads"); });
  app.on_drain([&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "it drains"); });
  app.on_worker_stop([&app](const prefork::Worker&) {
    app.log(prefork::LogLevel::info, "the last handler has returned");
  });
}

// App: is_leader, leader_token
void define_leader(prefork::App& app) {
  app.get("/leader", prefork::on_loop, [&app](const prefork::Request&) {
    return app.is_leader() ? prefork::text("token " + std::to_string(app.leader_token()) + "\n")
                           : prefork::text("it is another one\n");
  });
}

// App: per_worker
struct Database {
  explicit Database(std::uint32_t number) : slot(number) {}
  std::uint32_t slot;
};

void define_database(prefork::App& app) {
  const auto database = app.per_worker<Database>(
      [](const prefork::Worker& worker) { return std::make_unique<Database>(worker.slot); });
  app.get("/slot", [database](const prefork::Request&) {
    return prefork::text(std::to_string(database->slot));
  });
}

// App: subscribe
// Topic: publish
void define_news(prefork::App& app) {
  const prefork::Topic news = app.topic("news", 256, 4096);
  app.post("/news", [news](const prefork::Request& request) {
    return prefork::Response(news.publish(request.body()) ? 204 : 413);
  });
  app.subscribe(news, [&app](const prefork::Message& message) {
    app.log(prefork::LogLevel::info, message.piece);
  });
}

// upload
void define_uploads(prefork::App& app) {
  app.put("/files/{name}", prefork::upload(std::uint64_t{1} << 30),
          [](const prefork::Request& request) {
            std::string room(65536, '\0');
            std::size_t total = 0;
            while (const std::size_t got = request.read(room)) {
              total += got;
            }
            return prefork::text(std::to_string(total));
          });
}

// ---
PREFORK_APP(app) {
  define_items(app);
  define_places(app);
  define_around(app);
  define_errors(app);
  define_numbers(app);
  define_life(app);
  define_leader(app);
  define_database(app);
  define_news(app);
  define_uploads(app);
}
