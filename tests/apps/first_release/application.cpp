// Everything that the first release of the application interface had. include/ has its headers, as
// of commit 490ba0b, the first with the layout that PREFORK_ABI_VERSION 1 stands for;
// libfirst_release.so is this file built with them for x86-64, and kept: an application that nobody
// builds anew. None of them is ever changed.
//
//   g++-12 -std=c++20 -Os -fPIC -shared -fvisibility=hidden -ffunction-sections -fdata-sections
//       -Wl,--gc-sections -Wl,-z,defs -s -I include application.cpp -o libfirst_release.so
#include <prefork/app.hpp>

#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

struct Context {
  std::uint32_t slot = 0;
};

prefork::Response count_upload(const prefork::Request& request) {
  std::array<char, 64 * 1024> room;
  std::size_t total = 0;
  while (const std::size_t got = request.read(room)) {
    total += got;
  }
  return prefork::text(std::to_string(total));
}

void define_routes(prefork::App& app) {
  app.get("/", [](const prefork::Request&) { return prefork::text("Hello, World!\n"); });
  app.post("/all/{id}", [](const prefork::Request& request) {
    std::string text(request.parameter("id"));
    text.append(" q=").append(request.query("q").value_or("-"));
    text.append(" cookie=").append(request.cookie("c").value_or("-"));
    text.append(" form=").append(request.form("f").value_or("-"));
    return prefork::text(text);
  });
  app.get("/loop", prefork::on_loop, [](const prefork::Request&) { return prefork::text("loop"); });
  app.get("/throws", [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("on purpose");
  });
  app.get("/stream", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) {
      for (int i = 0; i < 100 && out.write(std::string(1000, 'x')); ++i) {
      }
    });
  });
  app.get("/events", [](const prefork::Request&) {
    return prefork::events([](prefork::Writer& out) { out.event("two\nlines", "kind"); });
  });
  app.put("/upload", prefork::upload(std::uint64_t{1} << 30), count_upload);
  app.get("/later", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    std::thread([responder = std::move(responder)]() mutable {
      responder.send(prefork::text("later"));
    }).detach();
  });
}

}  // namespace

PREFORK_APP(app) {
  app.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    return request.header("x-block") ? std::optional(prefork::text("blocked", 403)) : std::nullopt;
  });
  app.after([](const prefork::Request&, prefork::Response& response) {
    response.header("X-After", "yes");
  });
  app.not_found([](const prefork::Request& request) {
    return prefork::text("nothing at " + std::string(request.path()), 404);
  });
  define_routes(app);

  const prefork::Counter orders = app.counter("orders_total");
  const prefork::Gauge stock = app.gauge("stock");
  const auto context = app.per_worker<Context>([](const prefork::Worker& worker) {
    return std::make_unique<Context>(Context{worker.slot});
  });
  app.post("/orders", [orders, stock](const prefork::Request&) {
    orders.add(2);
    stock.set(7);
    return prefork::text(std::to_string(orders.sum()) + " " + std::to_string(stock.sum()));
  });
  app.get("/worker", prefork::on_loop, [context, &app](const prefork::Request&) {
    return prefork::text(std::to_string(context->slot) + (app.is_leader() ? " leads" : " follows"));
  });
  if (const char* const folder = std::getenv("TEST_APP_FOLDER")) {
    app.mount("/assets", folder, {.cache_control = "max-age=60"});
  }
  app.on_lead([&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "leads"); });
  app.on_drain([&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "drains"); });
  app.on_worker_stop([&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "stops"); });
}
