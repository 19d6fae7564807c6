// Every part of the application interface once, for the tests.
#include <prefork/app.hpp>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace {

std::string join(const prefork::Request& request) {
  std::string text(request.method());
  text.append(" ").append(request.path()).append(" q=").append(request.query("q").value_or("-"));
  text.append(" agent=").append(request.header("user-agent").value_or("-"));
  text.append(" cookie=").append(request.cookie("c").value_or("-"));
  text.append(" form=").append(request.form("f").value_or("-"));
  return text.append(" bytes=").append(std::to_string(request.bytes().size()));
}

prefork::Response count_upload(const prefork::Request& request) {
  std::array<char, 64 * 1024> room;
  std::size_t total = 0;
  while (const std::size_t got = request.read(room)) {
    total += got;
  }
  return prefork::text(std::to_string(total));
}

}  // namespace

PREFORK_APP(app) {
  app.before([](const prefork::Request& request) -> std::optional<prefork::Response> {
    if (request.header("x-block")) {
      return prefork::text("blocked", 403);
    }
    return std::nullopt;
  });
  app.after([](const prefork::Request&, prefork::Response& response) {
    response.header("X-After", "yes");
  });
  app.on_error([](const prefork::Request& request, const std::exception& error) {
    if (request.path() == "/throws") {
      return prefork::text(std::string("caught: ") + error.what(), 418);
    }
    throw std::runtime_error(error.what());
  });
  app.not_found([](const prefork::Request& request) {
    return prefork::text("nothing at " + std::string(request.path()), 404);
  });

  app.route("POST", "/all",
            [](const prefork::Request& request) { return prefork::text(join(request)); });
  app.get("/items/{id}/{rest...}", [](const prefork::Request& request) {
    return prefork::text(std::string(request.parameter("id")) + "|" +
                         std::string(request.parameter("rest")));
  });
  app.get("/loop", prefork::on_loop, [](const prefork::Request&) { return prefork::text("loop"); });
  app.get("/throws", [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("on purpose");
  });
  app.get("/fails", [](const prefork::Request&) -> prefork::Response {
    throw std::runtime_error("no disk");
  });
  app.get("/bad-field", [](const prefork::Request&) {
    return prefork::text("x").header("X-Bad", "a\r\nInjected: 1");
  });
  app.get("/redirect", [](const prefork::Request&) { return prefork::redirect("/loop", 303); });
  app.get("/file", [](const prefork::Request& request) {
    return prefork::file(request.query("path").value_or(""));
  });
  app.get("/stream", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) {
      for (int i = 0; i < 1000 && out.write(std::string(1000, 'x')); ++i) {
      }
    });
  });
  app.get("/stream/endless", [](const prefork::Request&) {
    return prefork::stream([](prefork::Writer& out) {
      while (out.write(std::string(10'000, 'e'))) {
      }
    });
  });
  app.get("/events", [](const prefork::Request&) {
    return prefork::events([](prefork::Writer& out) {
      out.event("one");
      out.event("two\nlines", "kind");
    });
  });
  // Takes its thread until the client leaves.
  app.get("/block", [](const prefork::Request& request) {
    while (!request.is_gone()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return prefork::text("left\n");
  });
  app.post("/upload", prefork::upload(std::uint64_t{1} << 40), count_upload);
  app.get("/later", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    std::thread([responder = std::move(responder)]() mutable {
      responder.send(prefork::text("later"));
    }).detach();
  });
  app.get("/pieces", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    responder.start(prefork::Response().header("Content-Type", "text/plain"));
    std::thread([responder = std::move(responder)]() mutable {
      for (int i = 0; i < 100 && responder.write(std::string(10'000, 'p')); ++i) {
      }
    }).detach();
  });
  app.get("/twice", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    responder.send(prefork::text("first"));
    responder.send(prefork::text("second"));
  });
  const auto kept = std::make_shared<std::vector<prefork::Responder>>();
  app.get("/never", prefork::deferred, [kept](prefork::Request, prefork::Responder responder) {
    kept->push_back(std::move(responder));
  });
  // More than there is room for, where nobody may wait.
  app.get("/flood", prefork::deferred, [](prefork::Request, prefork::Responder responder) {
    responder.start(prefork::Response());
    while (responder.write(std::string(200'000, 'f'))) {
    }
  });
  app.get("/held/{what}", prefork::deferred,
          [&app](prefork::Request request, prefork::Responder responder) {
            std::thread([&app, request, responder = std::move(responder)]() mutable {
              responder.send(prefork::text("sent"));
              app.log(prefork::LogLevel::info,
                      "held " + std::string(request.parameter("what")) + " of " +
                          std::string(request.header("user-agent").value_or("-")));
            }).detach();
          });
  // Streams to which nothing is ever written: those whose clients have left are let go when
  // somebody asks how many there are.
  const auto silent = std::make_shared<std::vector<prefork::Responder>>();
  app.get("/silent", prefork::deferred, [silent](prefork::Request, prefork::Responder responder) {
    responder.start(prefork::events());
    silent->push_back(std::move(responder));
  });
  app.get("/silent/count", prefork::on_loop, [silent](const prefork::Request&) {
    std::erase_if(*silent, [](const prefork::Responder& one) { return one.is_gone(); });
    return prefork::text(std::to_string(silent->size()));
  });
  app.get("/dropped", prefork::deferred, [](prefork::Request, prefork::Responder) {});
  if (const char* const folder = std::getenv("TEST_APP_ASSETS")) {
    app.mount("/assets", folder);
  }
  app.get("/crash", [](const prefork::Request&) -> prefork::Response { std::abort(); });

  app.on_worker_start([&app](const prefork::Worker& worker) {
    if (std::getenv("TEST_APP_REFUSES") != nullptr) {
      throw std::runtime_error("the test wants no worker");
    }
    app.log(prefork::LogLevel::info, "started worker " + std::to_string(worker.slot) + " of " +
                                         std::to_string(worker.workers));
  });
  app.on_drain([&app, silent](const prefork::Worker&) {
    app.log(prefork::LogLevel::info, "draining");
    silent->clear();
  });
  app.on_worker_stop(
      [&app](const prefork::Worker&) { app.log(prefork::LogLevel::info, "stopped"); });
}
