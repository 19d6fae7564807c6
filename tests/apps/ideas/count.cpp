// Four processes add one to one number, 10,000 times each. To read it, add one and write it back
// are three steps: who comes in between is overwritten. Under a mutex, or in one step, nothing is
// lost.
//
//   prefork-server libtest_app_count.so --workers 4
//   for i in 1 2 3 4; do curl -s localhost:8000/count & done; wait
#include <prefork/app.hpp>

#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const prefork::Barrier all = app.barrier("all", 4);
  const prefork::Mutex mutex = app.mutex("counting");
  const prefork::Atomic unguarded = app.atomic("unguarded");
  const prefork::Atomic guarded = app.atomic("guarded");
  const prefork::Atomic one_step = app.atomic("one_step");

  const auto add_one = [](const prefork::Atomic& number, bool dawdle) {
    const auto before = number.get();
    if (dawdle) std::this_thread::yield();  // what happens to everybody at some time
    number.set(before + 1);
  };
  app.get("/count", [=](const prefork::Request&) {
    constexpr int kTimes = 10'000;
    if (all.arrive_and_wait(10s) != prefork::Waited::done) return prefork::text("alone\n", 503);
    for (int i = 0; i < kTimes; ++i) add_one(unguarded, i % 50 == 0);
    for (int i = 0; i < kTimes; ++i) {
      const prefork::Hold hold = mutex.lock(10s);
      add_one(guarded, false);
    }
    for (int i = 0; i < kTimes; ++i) one_step.add(1);
    if (all.arrive_and_wait(10s) != prefork::Waited::done) return prefork::text("left\n", 503);
    return prefork::text("process " + std::to_string(::getpid()) + ": without a lock " +
                         std::to_string(unguarded.get()) + ", under the mutex " +
                         std::to_string(guarded.get()) + ", in one step " +
                         std::to_string(one_step.get()) + "\n");
  });
}
