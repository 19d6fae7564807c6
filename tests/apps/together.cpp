// What workers share and wait for, for the tests: a counter that processes increment under a mutex;
// producers and consumers; a semaphore, an event, and who dies with a lock. One idea each, to read
// and to copy: ideas/.
#include <prefork/app.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
#ifdef PREFORK_TOGETHER_PIECES
constexpr std::uint32_t kPieces = PREFORK_TOGETHER_PIECES;
#else
constexpr std::uint32_t kPieces = 16;
#endif

int number(const prefork::Request& request, const char* name) {
  return std::atoi(std::string(request.parameter(name)).c_str());
}

const char* to_text(prefork::Waited waited) {
  switch (waited) {
    case prefork::Waited::done:
      return "done";
    case prefork::Waited::timed_out:
      return "timed out";
    case prefork::Waited::refused:
      break;
  }
  return "refused";
}

}  // namespace

PREFORK_APP(app) {
  // A map keeps the count as a text: to read it, add one and write it back takes three steps.
  const prefork::Mutex mutex = app.mutex("counting");
  const prefork::Map counts = app.map("counts", 10);
  app.post("/counted/{times}", [=](const prefork::Request& request) {
    for (int i = number(request, "times"); i > 0; --i) {
      if (const prefork::Hold hold = mutex.lock(kPatience)) {
        const auto before = counts.get("under the mutex");
        counts.put("under the mutex", std::to_string(before ? std::stoi(before->value) + 1 : 1));
      }
    }
    return prefork::text(std::to_string(::getpid()));
  });
  app.get("/counts/{name}", [counts](const prefork::Request& request) {
    const auto entry = counts.get(std::string(request.parameter("name")));
    return prefork::text(entry ? entry->value : "0");
  });

  // The end mark is one piece for each consumer.
  const prefork::Queue queue = app.queue("numbers", kPieces, 8);
  app.post("/produce/{times}", [queue](const prefork::Request& request) {
    for (int i = 1; i <= number(request, "times"); ++i) {
      if (queue.push(std::to_string(i), kPatience) != prefork::Waited::done)
        return prefork::text("full");
    }
    return prefork::text(to_text(queue.push("end", kPatience)));
  });
  app.post("/consume", [queue](const prefork::Request&) {
    long sum = 0;
    while (const auto piece = queue.pop(kPatience)) {
      if (*piece == "end") return prefork::text(std::to_string(sum));
      sum += std::stol(*piece);
    }
    return prefork::text("nothing came");
  });

  // A connection of the database would be chosen by the unit.
  const prefork::Semaphore three = app.semaphore("three", 3);
  const prefork::Event go = app.event("go");
  app.post("/hold-unit", [three, go](const prefork::Request&) {
    const prefork::Hold hold = three.acquire(kPatience);
    if (go.wait(kPatience) != prefork::Waited::done) return prefork::text("timed out");
    return prefork::text(std::to_string(hold.unit()));
  });
  app.post("/go", [go](const prefork::Request&) {
    go.set();
    return prefork::text("gone");
  });
  app.get("/try-unit", [three](const prefork::Request&) {
    return prefork::text(to_text(three.try_acquire().waited()));
  });

  app.post("/die-with-it", [mutex](const prefork::Request&) {
    const prefork::Hold hold = mutex.lock(kPatience);
    ::raise(SIGKILL);
    return prefork::text("");
  });
  app.post("/lock", [mutex](const prefork::Request&) {
    const prefork::Hold hold = mutex.lock(kPatience);
    return prefork::text(hold.owner_died() ? "the owner died" : to_text(hold.waited()));
  });
  app.get("/wait-on-the-loop/{ms}", prefork::on_loop, [go](const prefork::Request& request) {
    return prefork::text(to_text(go.wait(std::chrono::milliseconds(number(request, "ms")))));
  });

  const prefork::Mutex from = app.mutex("from");
  const prefork::Mutex to = app.mutex("to");
  app.post("/transfer", [=](const prefork::Request&) {
    const prefork::Hold first = from.lock(kPatience);
    const prefork::Hold second = to.lock(kPatience);
    return prefork::text("done");
  });
  app.post("/transfer-back", [=](const prefork::Request&) {
    const prefork::Hold first = to.lock(kPatience);
    const prefork::Hold second = from.lock(kPatience);
    return prefork::text("done");
  });

  const prefork::RateLimit limit = app.rate_limit("mails", 1, 1h, 5);
  app.post("/mail", [limit](const prefork::Request&) {
    const auto wait = limit.take();
    return wait.count() == 0
               ? prefork::text("sent")
               : prefork::text("too many")
                     .status(429)
                     .header("Retry-After",
                             std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
  });

  const prefork::Once once = app.once("set_up");
  const prefork::Atomic set_ups = app.atomic("set_ups");
  const prefork::Barrier pair = app.barrier("pair", 2);
  const prefork::RwLock table = app.rw_lock("table");
  app.get("/set-ups", [=](const prefork::Request&) {
    once.run(kPatience, [&](bool) { set_ups.add(1); });
    const prefork::Hold hold = table.read(kPatience);
    return prefork::text(std::to_string(set_ups.get()));
  });
  app.post("/meet", [pair](const prefork::Request&) {
    return prefork::text(to_text(pair.arrive_and_wait(kPatience)));
  });
  // What each worker has heard, by its pid.
  const prefork::Topic news = app.topic("news", kPieces, 16);
  const prefork::Map heard = app.map("heard", 100);
  app.subscribe(news, [heard](const prefork::Message& message) {
    if (message.piece == "fork" && ::fork() == 0) return;
    heard.update(std::to_string(::getpid()), [&](const std::optional<std::string>& before) {
      return before.value_or("") + "[" + std::string(message.piece) + "]" +
             (message.lost != 0 ? "-" + std::to_string(message.lost) : "");
    });
    if (message.piece == "throw") throw std::runtime_error("as it was told");
  });
  app.post("/tell/{piece}", prefork::on_loop, [news](const prefork::Request& request) {
    return prefork::text(news.publish(request.parameter("piece")) ? "told" : "not told");
  });
  app.get("/heard/{pid}", [heard](const prefork::Request& request) {
    const auto entry = heard.get(request.parameter("pid"));
    return prefork::text(entry ? entry->value : "");
  });
  app.get("/leader-token", [&app](const prefork::Request&) {
    return prefork::text(std::to_string(app.leader_token()));
  });
  app.get("/pid",
          [](const prefork::Request&) { return prefork::text(std::to_string(::getpid())); });

  if (std::getenv("TEST_APP_BAD_QUEUE") != nullptr) app.queue("bad", 0, 1);
}
