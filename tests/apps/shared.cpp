// What workers share, folders, and what happens before the fork, for the tests.
#include <prefork/app.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

bool is_wanted(const char* name) { return std::getenv(name) != nullptr; }

struct Context {
  explicit Context(const prefork::App& owner, std::uint32_t worker) : app(owner), slot(worker) {}
  ~Context() { app.log(prefork::LogLevel::info, "context destroyed"); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const prefork::App& app;
  const std::uint32_t slot;
};

struct Table {
  explicit Table(const prefork::App& owner) : app(owner) {}
  ~Table() {
    app.log(prefork::LogLevel::info, "table freed");
    if (is_wanted("TEST_APP_UNLOAD_CRASH")) std::abort();
    if (is_wanted("TEST_APP_UNLOAD_HANG")) ::pause();
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const prefork::App& app;
  const int loaded_by = ::getpid();
};

}  // namespace

PREFORK_APP(app) {
  const auto table = std::make_shared<const Table>(app);
  app.on_load([&app] {
    app.log(prefork::LogLevel::info, "loaded by " + std::to_string(::getpid()));
    if (is_wanted("TEST_APP_LOAD_HANG")) ::pause();
    // A named pipe that a test opens when loading may go on.
    if (const char* const gate = std::getenv("TEST_APP_LOAD_GATE");
        gate != nullptr && ::access(gate, F_OK) == 0) {
      app.log(prefork::LogLevel::info, "loading waits");
      ::close(::open(gate, O_RDONLY | O_CLOEXEC));
    }
    if (is_wanted("TEST_APP_LOAD_THREAD")) {
      std::thread thread([] { ::pause(); });
      ::pthread_setname_np(thread.native_handle(), "busybody");
      thread.detach();
    }
  });
  const prefork::Counter orders = app.counter("orders_total");
  const prefork::Gauge stock = app.gauge("stock");
  const prefork::Histogram sizes = app.histogram("order_size", {1, 10});
  const auto context = app.per_worker<Context>([&app](const prefork::Worker& worker) {
    return std::make_unique<Context>(app, worker.slot);
  });
  app.on_lead([&app](const prefork::Worker& worker) {
    app.log(prefork::LogLevel::info, "leads: " + std::to_string(worker.pid));
  });

  app.post("/orders", [orders, sizes](const prefork::Request&) {
    orders.add(2);
    sizes.observe(2.5);
    return prefork::text(std::to_string(orders.sum()));
  });
  app.get("/orders", [orders](const prefork::Request&) {
    return prefork::text(std::to_string(orders.sum()));
  });
  app.put("/stock/{pieces}", [stock](const prefork::Request& request) {
    stock.set(std::atoi(std::string(request.parameter("pieces")).c_str()));
    return prefork::text(std::to_string(stock.sum()));
  });
  app.get("/loaded-by", [table](const prefork::Request&) {
    return prefork::text(std::to_string(table->loaded_by));
  });
  app.get("/slot", [context](const prefork::Request&) {
    return prefork::text(std::to_string(context->slot));
  });
  app.get("/leader", prefork::on_loop, [&app](const prefork::Request&) {
    return prefork::text(app.is_leader() ? std::to_string(::getpid()) : "no");
  });
  app.get("/assets/routed", [](const prefork::Request&) { return prefork::text("by a route"); });
  if (const char* const folder = std::getenv("TEST_APP_FOLDER")) {
    app.mount("/assets", folder, {.listing = true, .cache_control = "max-age=60"});
    app.mount("/assets/deep/", std::string(folder) + "/below");
  }
  if (const char* const site = std::getenv("TEST_APP_SITE")) {
    app.mount("/", site);
    app.post("/", [](const prefork::Request&) { return prefork::text("posted"); });
    app.post("/items", [](const prefork::Request&) { return prefork::text("posted"); });
    app.get("/p/{a}/{b}", [](const prefork::Request& request) {
      return prefork::text(std::string(request.parameter("a")) + " " +
                           std::string(request.parameter("b")));
    });
    app.route("OPTIONS", "/{path...}",
              [](const prefork::Request&) { return prefork::Response(204); });
    app.not_found([](const prefork::Request& request) {
      return prefork::text("nothing at " + std::string(request.path()), 404);
    });
  }
}
