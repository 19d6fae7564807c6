// Handlers that wait on the event loop: coroutines, timers, streams and events without threads.
#include <prefork/app.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using prefork::Request;
using prefork::Response;
using prefork::Task;

namespace {

std::atomic<int> alive{0};    // frames and what is in them
std::atomic<int> running{0};  // functions on the pool
std::atomic<bool> gate_is_open{false};

void open_gate() {
  gate_is_open = true;
  gate_is_open.notify_all();
}

struct Alive {
  Alive() { ++alive; }
  ~Alive() { --alive; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
};

// Both ends of a pipe.
struct Pipe {
  Pipe() {
    if (::pipe(fds.data()) != 0) {
      throw std::runtime_error("no pipe");
    }
  }
  ~Pipe() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  std::array<int, 2> fds{};
};

Task<int> add(int a, int b) { co_return a + b; }

Task<int> fail() {
  co_await prefork::sleep(1ms);
  throw std::runtime_error("a coroutine threw");
}

Task<Response> wait_long(Request) {
  const Alive here;
  co_await prefork::sleep(1h);
  co_return prefork::text("never\n");
}

void define_coroutines(prefork::App& app) {
  app.get("/at-once", [](Request request) -> Task<Response> {
    co_return prefork::text("at once " + std::string(request.path()) + "\n");
  });
  app.get("/on-loop", prefork::on_loop, [](const Request& request) {
    return prefork::text("on loop " + std::string(request.path()) + "\n");
  });
  app.get("/sleep/{what}", [](Request request) -> Task<Response> {
    const std::string_view what = request.parameter("what");
    co_await prefork::sleep(5ms);
    co_return prefork::text(std::string(what) + "\n").header("X-After", "no");
  });
  app.get("/sum", [](Request) -> Task<Response> {
    int sum = 0;
    for (int i = 0; i < 100'000; ++i) {
      sum = co_await add(sum, 1);
    }
    co_return prefork::text(std::to_string(sum));
  });
  app.get("/throws", [](Request) -> Task<Response> {
    throw std::runtime_error("before anything");
    co_return Response();
  });
  app.get("/throws-later", [](Request) -> Task<Response> {
    co_return prefork::text(std::to_string(co_await fail()));
  });
  app.get("/pool", [](Request) -> Task<Response> {
    const std::string text = "pool";
    auto work = [text] { return text + "ed " + std::to_string(::gettid() != ::getpid()); };
    co_return prefork::text(co_await prefork::on_pool(work));
  });
  app.get("/pool-throws", [](Request) -> Task<Response> {
    co_await prefork::on_pool([] { throw std::runtime_error("on the pool"); });
    co_return Response();
  });
  app.get("/pipe", [](Request request) -> Task<Response> {
    const Pipe pipe;
    const bool was_ready = co_await prefork::readable(pipe.fds[0], 5ms);
    const bool has_room = co_await prefork::writable(pipe.fds[1], 1s);
    const int end = pipe.fds[1];
    std::thread([end] { (void)!::write(end, "x", 1); }).detach();
    const bool is_ready = co_await prefork::readable(pipe.fds[0], 10s);
    char byte = 0;
    const auto got = ::read(pipe.fds[0], &byte, 1);
    co_return prefork::text(std::to_string(was_ready) + std::to_string(has_room) +
                            std::to_string(is_ready) + std::to_string(got) + byte +
                            std::string(request.method()));
  });
  app.post("/upload", prefork::upload(1 << 30), [](Request request) -> Task<Response> {
    const Alive here;
    std::array<char, 16 * 1024> room;
    std::size_t total = 0;
    while (const std::size_t got = co_await request.read_some(room)) {
      total += got;
    }
    co_return prefork::text(std::to_string(total));
  });
  app.post("/blocking-read", prefork::upload(1 << 20), [](Request request) -> Task<Response> {
    std::array<char, 16> room;
    request.read(room);
    co_return Response();
  });
  app.get("/stream-of-a-coroutine", [](Request) -> Task<Response> {
    co_await prefork::sleep(1ms);
    co_return prefork::stream([](prefork::StreamWriter out) -> Task<> {
      for (int i = 0; i < 3; ++i) {
        co_await out.write(std::to_string(i));
        co_await prefork::sleep(1ms);
      }
    });
  });
}

// What is left behind when clients leave.
void define_waits(prefork::App& app, const prefork::Semaphore& semaphore,
                  const prefork::Queue& queue, std::shared_ptr<Pipe> silent) {
  app.get("/wait/sleep", wait_long);
  app.get("/wait/nested", [](Request request) -> Task<Response> {
    const Alive here;
    co_return co_await wait_long(request);
  });
  app.get("/wait/descriptor", [silent](Request) -> Task<Response> {
    const Alive here;
    const Pipe pipe;
    co_await prefork::readable(pipe.fds[0]);
    co_return Response();
  });
  app.get("/wait/semaphore", [semaphore](Request) -> Task<Response> {
    const Alive here;
    const prefork::Hold first = co_await prefork::acquire(semaphore, 0s);
    const prefork::Hold second = co_await prefork::acquire(semaphore, 1h);
    co_return prefork::text(first && second ? "both" : "none");
  });
  app.get("/wait/queue", [queue](Request) -> Task<Response> {
    const Alive here;
    const auto piece = co_await prefork::pop(queue, 1h);
    co_return prefork::text(piece.value_or("none"));
  });
  app.get("/wait/pool", [](Request request) -> Task<Response> {
    const Alive here;
    const auto watch = request.on_gone(open_gate);
    std::atomic<bool> flag{false};
    auto work = [&flag] {
      ++running;
      gate_is_open.wait(false);
      flag = true;  // what lies in the coroutine is still there
      --running;
    };
    co_await prefork::on_pool(work);
    co_return prefork::text(flag ? "done" : "not");
  });
  app.get("/open-gate", prefork::on_loop, [](const Request&) {
    open_gate();
    return Response();
  });
  app.get("/wait/task", [](Request) -> Task<Response> {
    const Alive here;
    const std::string result = co_await prefork::run_task("slow", "");
    co_return prefork::text(result);
  });
  app.get("/task", [](Request request) -> Task<Response> {
    const std::string word(request.query("word").value_or(""));
    const std::string result = co_await prefork::run_task("shout", word);
    co_return prefork::text(result);
  });
  app.get("/wait/stream", [](Request) {
    return prefork::stream([](prefork::StreamWriter out) -> Task<> {
      const Alive here;
      co_await out.write("begun\n");
      co_await prefork::sleep(1h);
    });
  });
  app.get("/wait/room", [](Request) {
    return prefork::stream([](prefork::StreamWriter out) -> Task<> {
      const Alive here;
      while (co_await out.write(std::string(100'000, 'r'))) {
      }
    });
  });
  app.get("/much", [](Request) {
    return prefork::stream([](prefork::StreamWriter out) -> Task<> {
      for (int i = 0; i < 100; ++i) {
        co_await out.write(std::string(100'000, 'm'));
      }
    });
  });
  app.get("/cut", prefork::on_loop, [](const Request&) {
    return prefork::stream([](prefork::StreamWriter out) -> Task<> {
      co_await out.write("begun\n");
      co_await prefork::sleep(1ms);
      throw std::runtime_error("in the middle");
    });
  });
  app.get("/alive", prefork::on_loop, [](const Request&) {
    return prefork::text(std::to_string(alive) + " " + std::to_string(running));
  });
}

void define_gone(prefork::App& app, const prefork::Counter& stopped) {
  app.get("/stop-token", [stopped](const Request& request) {
    const std::stop_token token = request.stop_token();
    while (!token.stop_requested()) {
      std::this_thread::sleep_for(1ms);
    }
    stopped.add();
    return Response();
  });
  app.get("/on-gone", prefork::deferred, [stopped](Request request, prefork::Responder responder) {
    std::thread([stopped, request, responder = std::move(responder)] {
      std::atomic<bool> is_over{false};
      const auto watch = request.on_gone([&] { is_over = true; });
      while (!is_over) {
        std::this_thread::sleep_for(1ms);
      }
      stopped.add();
    }).detach();
  });
  app.get("/answered", [stopped](const Request& request) {
    const std::stop_token token = request.stop_token();
    std::thread([stopped, token] {
      std::this_thread::sleep_for(50ms);
      stopped.add(token.stop_requested() ? 1000 : 1);
    }).detach();
    return Response();
  });
}

void define_jobs(prefork::App& app) {
  const auto each = app.counter("each");
  const auto led = app.counter("led");
  const auto pooled = app.counter("pooled");
  const auto waited = app.counter("waited");
  const auto after = app.counter("after_responses");
  const auto posted = app.counter("posted");
  app.every(5ms, prefork::each_worker, [each] { each.add(); });
  app.every(5ms, prefork::leader, [led] {
    led.add();
    throw std::runtime_error("the leader's job threw on purpose");
  });
  app.every(5ms, prefork::each_worker, prefork::on_pool("", prefork::Priority::low),
            [pooled] { pooled.add(::gettid() != ::getpid() ? 1 : 1'000'000); });
  app.every(5ms, prefork::each_worker, [waited]() -> Task<> {
    co_await prefork::sleep(2ms);
    waited.add();
  });
  const auto after_it = [after](const Request& request) {
    request.after_response([after] {
      std::this_thread::sleep_for(20ms);
      after.add();
    });
    return prefork::text("first this\n");
  };
  app.get("/after/pool", after_it);
  app.get("/after/loop", prefork::on_loop, after_it);
  app.get("/after/coroutine", [after](Request request) -> Task<Response> {
    request.after_response([after] { after.add(); });
    co_return prefork::text("first this\n");
  });
  app.get("/post", [&app, posted](const Request&) {
    const auto pool_thread = std::this_thread::get_id();
    const bool taken = app.run_on_loop([posted, pool_thread] {
      posted.add(std::this_thread::get_id() != pool_thread && ::gettid() == ::getpid() ? 1 : 1000);
    });
    return prefork::text(taken ? "posted" : "refused");
  });
}

void define_events(prefork::App& app) {
  const prefork::Topic news = app.topic("news", 64, 60'000);
  app.get("/news", [news](const Request& request) {
    return prefork::events(request, news, {.retry = 50ms, .lost_type = "lost"});
  });
  app.get("/news/loop", prefork::on_loop, [news](const Request& request) {
    return prefork::events(request, news, {.type = "word"});
  });
  app.get("/news/later", prefork::deferred, [news](Request request, prefork::Responder responder) {
    std::thread([news, request, responder = std::move(responder)]() mutable {
      responder.send(prefork::events(request, news));
    }).detach();
  });
  app.get("/news/close", [news](const Request& request) {
    return prefork::events(request, news, {.slow_clients = prefork::SlowClients::close});
  });
  app.get("/news/beating", [news](const Request& request) {
    return prefork::events(request, news, {.heartbeat = 10ms});
  });
  app.post("/news", prefork::on_loop, [news](const Request& request) {
    return prefork::text(news.publish(request.body()) ? "yes" : "no");
  });
  app.get("/ticks", [](const Request& request) {
    const std::string from(request.last_event_id().value_or("0"));
    return prefork::events(
        request,
        [from](prefork::EventWriter out) -> Task<> {
          for (int id = std::atoi(from.c_str()) + 1;; ++id) {
            const std::string text = std::to_string(id);
            if (!co_await out.send({.data = "tick", .type = "t", .id = text, .retry = 20ms})) {
              co_return;
            }
            co_await out.comment("so far");
            co_await prefork::sleep(20ms);
          }
        },
        {.heartbeat = 5ms});
  });
}

}  // namespace

PREFORK_APP(app) {
  app.after([](const Request&, Response& response) {
    if (!response.header("X-After")) {
      response.header("X-After", "yes");
    }
  });
  app.before([](const Request& request) -> std::optional<Response> {
    if (request.header("x-block")) {
      return prefork::text("blocked", 403);
    }
    return std::nullopt;
  });
  app.on_error([](const Request&, const std::exception& error) {
    if (std::string_view(error.what()) == "on the pool") {
      return prefork::text("caught: on the pool", 418);
    }
    throw std::runtime_error(error.what());
  });
  app.task("shout", [](std::string_view word) { return std::string(word) + "!"; });
  app.task("slow", [](std::string_view) {
    std::this_thread::sleep_for(2s);
    return std::string("slept");
  });
  define_coroutines(app);
  define_waits(app, app.semaphore("one", 1), app.queue("empty", 4, 64), std::make_shared<Pipe>());
  define_gone(app, app.counter("stopped"));
  define_jobs(app);
  define_events(app);
  app.on_worker_stop([&app](const prefork::Worker&) {
    app.log(prefork::LogLevel::info, "left behind: " + std::to_string(alive));
  });
}
