// Handlers that take long, each in another way: the log tells which one, and where it is.
//
//   prefork-server ./libslow.so --slow-request 200ms & curl localhost:8000/sleeping
#include <ctime>
#include <mutex>
#include <prefork/app.hpp>
#include <string>

namespace slow {

// What is left of the time: a signal would end it early.
[[gnu::noinline]] std::string sleep_soundly() {
  const timespec time{1, 0};
  timespec left{};
  return ::nanosleep(&time, &left) == 0 ? "slept\n" : "woken\n";
}

[[gnu::noinline]] std::string compute() {
  const std::clock_t until = std::clock() + 400 * (CLOCKS_PER_SEC / 1000);
  volatile unsigned long rounds = 0;
  while (std::clock() < until) {
    for (int i = 0; i < 10'000; ++i) {
      rounds = rounds + 1;
    }
  }
  return "computed\n";
}

std::mutex held;

[[gnu::noinline]] std::string wait_for_lock() {
  const std::lock_guard lock(held);
  return "locked\n";
}

}  // namespace slow

PREFORK_APP(app) {
  app.get("/sleeping",
          [](const prefork::Request&) { return prefork::text(slow::sleep_soundly()); });
  app.get("/computing", [](const prefork::Request&) { return prefork::text(slow::compute()); });
  app.get("/computing-on-the-loop", prefork::on_loop,
          [](const prefork::Request&) { return prefork::text(slow::compute()); });
  app.get("/waiting", [](const prefork::Request&) {
    const std::lock_guard lock(slow::held);
    return prefork::text(slow::sleep_soundly());
  });
  app.get("/locking", [](const prefork::Request&) { return prefork::text(slow::wait_for_lock()); });
  app.get("/", prefork::on_loop, [](const prefork::Request&) { return prefork::text("alive\n"); });
}
