// Routes of several classes of threads. Reports take as long as they like: with `--pool reports=2`
// they have two threads of their own, and nobody else waits for one of them.
//
//   curl localhost:8000/reports/hold & curl localhost:8000/quick; curl localhost:8000/release
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <prefork/app.hpp>
#include <string>
#include <thread>

namespace {

// Who asks for /reports/hold is held here until somebody asks for /release.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    const int turn = turn_;
    opened_.wait(lock, [&] { return turn_ != turn; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      ++turn_;
    }
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  int turn_ = 0;
};

Gate gate;

prefork::Response sleep_for(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
  return prefork::text("slept\n");
}

}  // namespace

PREFORK_APP(app) {
  using prefork::on_pool;
  using prefork::Priority;
  using prefork::Request;
  using namespace std::chrono_literals;

  app.get("/quick", [](const Request&) { return prefork::text("quick\n"); });
  app.get("/reports/hold", on_pool("reports"), [](const Request&) {
    gate.wait();
    return prefork::text("report\n");
  });
  app.get("/hold", [](const Request&) {
    gate.wait();
    return prefork::text("held\n");
  });
  app.get("/pay", on_pool(Priority::high), [](const Request&) { return prefork::text("paid\n"); });
  app.get("/release", prefork::on_loop, [](const Request&) {
    gate.open();
    return prefork::text("released\n");
  });
  // What the benchmark mixes.
  app.get("/sleep/1", [](const Request&) { return sleep_for(1ms); });
  app.get("/sleep/10", [](const Request&) { return sleep_for(10ms); });
  app.get("/sleep/100", on_pool("reports"), [](const Request&) { return sleep_for(100ms); });
}
