// Handlers that never come back, beside some that only take their time: a worker that has one of
// them is replaced, and loses none of the others.
//
//   prefork-server ./libstuck.so --timeout-request 1s & curl localhost:8000/stuck
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <prefork/app.hpp>
#include <string>
#include <thread>

namespace stuck {

std::mutex mutex;
std::condition_variable changed;
std::atomic<bool> is_over{false};  // which it never is

[[gnu::noinline]] std::string wait_for_ever() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [] { return is_over.load(); });
  return "that was long\n";
}

[[gnu::noinline]] std::string compute_for_ever() {
  unsigned long rounds = 0;
  while (!is_over.load()) {
    ++rounds;
  }
  return std::to_string(rounds) + "\n";
}

prefork::Response take(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
  return prefork::text("done\n");
}

}  // namespace stuck

PREFORK_APP(app) {
  using std::chrono::milliseconds;
  app.get("/stuck", [](const prefork::Request&) { return prefork::text(stuck::wait_for_ever()); });
  app.get("/computing",
          [](const prefork::Request&) { return prefork::text(stuck::compute_for_ever()); });
  app.get("/soon", [](const prefork::Request&) { return stuck::take(milliseconds(100)); });
  app.get("/later", [](const prefork::Request&) { return stuck::take(milliseconds(2'500)); });
  app.get("/late", [](const prefork::Request&) { return stuck::take(milliseconds(1'500)); });
  app.get("/", prefork::on_loop, [](const prefork::Request&) { return prefork::text("alive\n"); });
}
