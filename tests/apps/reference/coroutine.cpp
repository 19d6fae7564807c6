// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/app.hpp>

#include <sys/socket.h>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// sleep
prefork::Task<prefork::Response> answer_slowly(prefork::Request request) {  // by value
  const std::string name = request.query("name", "nobody");
  co_await prefork::sleep(10ms);  // no thread waits
  co_return prefork::text("hello, " + name + "\n");
}

// readable, writable
prefork::Task<std::string> ask(int socket, std::string question) {
  if (!co_await prefork::writable(socket, 1s)) {
    throw prefork::Error(504, "the other side takes nothing");
  }
  ::send(socket, question.data(), question.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (!co_await prefork::readable(socket, 1s)) {
    throw prefork::Error(504, "the other side says nothing");
  }
  std::array<char, 4096> room;
  const auto got = ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
  co_return std::string(room.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
}

// on_pool
void define_pools(prefork::App& app) {
  app.get("/report", prefork::on_pool("reports"), [] { return "by the class --pool reports\n"; });
  app.get("/health", prefork::on_pool(prefork::Priority::high),
          [] { return "before the others that wait\n"; });
  app.get("/count", [](prefork::Request request) -> prefork::Task<prefork::Response> {
    const std::string text = request.query("text", "");
    const auto count = [&text] { return text.size(); };  // may block
    const std::size_t size = co_await prefork::on_pool(count);
    co_return prefork::text(std::to_string(size) + "\n");
  });
}

// run_task
prefork::Task<prefork::Response> send_small_picture(prefork::Request request) {
  try {
    std::string small = co_await prefork::run_task("resize", request.body(), {.timeout = 5s});
    co_return prefork::Response(200, "image/png", std::move(small));
  } catch (const prefork::TaskError& error) {
    co_return prefork::text(error.what(), 500);
  }
}

// acquire, lock, wait, pop, push
void define_waiting(prefork::App& app) {
  const prefork::Semaphore seats = app.semaphore("seats_of_all", 4);
  const prefork::Mutex index = app.mutex("index_of_all");
  const prefork::Event is_ready = app.event("is_ready");
  const prefork::Queue orders = app.queue("orders_of_all", 100, 4096);
  app.post("/orders", [=](prefork::Request request) -> prefork::Task<prefork::Response> {
    const std::string order(request.body());
    const bool is_taken = co_await prefork::push(orders, order, 1s);
    co_return prefork::Response(is_taken ? 202 : 503);
  });
  app.get("/orders", [=](prefork::Request) -> prefork::Task<prefork::Response> {
    if (!co_await prefork::wait(is_ready, 1s)) {
      co_return prefork::text("not yet\n", 503);
    }
    const prefork::Hold seat = co_await prefork::acquire(seats, 500ms);
    const prefork::Hold hold = co_await prefork::lock(index, 500ms);
    if (!seat || !hold) {
      co_return prefork::text("busy\n", 503);
    }
    const std::optional<std::string> order = co_await prefork::pop(orders, 100ms);
    co_return prefork::text(order.value_or("none"));
  });
}

// Request: read_some
void define_upload(prefork::App& app) {
  app.put("/count", prefork::upload(1 << 30),
          [](prefork::Request request) -> prefork::Task<prefork::Response> {
            std::array<char, 65536> room;
            std::size_t total = 0;
            while (const std::size_t got = co_await request.read_some(room)) {
              total += got;
            }
            co_return prefork::text(std::to_string(total) + "\n");
          });
}

// StreamWriter: write, try_write, is_gone
// stream
void define_streams(prefork::App& app) {
  app.get("/lines", [] {
    return prefork::stream([](prefork::Writer& out) {  // on a thread of the pool
      for (int i = 0; i < 1000 && out.write(std::to_string(i) + "\n"); ++i) {
      }
    });
  });
  app.get("/ticks", [] {
    return prefork::stream([](prefork::StreamWriter out) -> prefork::Task<> {  // without a thread
      while (co_await out.write("tick\n")) {
        co_await prefork::sleep(1s);
        if (!out.try_write("(a slow client misses this)\n") && out.is_gone()) {
          co_return;
        }
      }
    });
  });
}

// EventWriter: send, comment, is_gone
// Writer: event
// events, format_event
// Request: last_event_id
void define_events(prefork::App& app) {
  const prefork::Topic news = app.topic("news_of_all", 1024, 4096);
  app.get("/news", [news](const prefork::Request& request) {  // what any worker publishes
    return prefork::events(request, news, {.heartbeat = 15s, .retry = 3s});
  });
  app.get("/clock", [](const prefork::Request& request) {
    int second = 0;  // of a client that comes back: where it has stopped
    const std::string_view seen = request.last_event_id().value_or("");
    std::from_chars(seen.data(), seen.data() + seen.size(), second);
    return prefork::events(request, [second](prefork::EventWriter out) -> prefork::Task<> {
      co_await out.comment("welcome");
      for (int at = second + 1; !out.is_gone(); ++at) {
        const std::string id = std::to_string(at);
        const bool is_sent = co_await out.send({.data = "tick", .type = "clock", .id = id});
        if (!is_sent) {
          co_return;  // the client has left
        }
        co_await prefork::sleep(1s);
      }
    });
  });
  app.get("/kitchen", [] {
    return prefork::events([](prefork::Writer& out) {  // on a thread of the pool
      out.event("tea is ready", "kitchen");
      out.write(prefork::format_event({.data = "two\nlines", .id = "2"}));
    });
  });
}
