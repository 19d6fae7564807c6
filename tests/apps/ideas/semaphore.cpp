// A semaphore of three: of all who come, in all processes, three are inside, and the others wait.
// Its units are numbered, so that each could be a connection to a database.
//
//   prefork-server libtest_app_semaphore.so --workers 4
//   for i in 1 2 3 4 5 6; do curl -s localhost:8000/use & done; wait
#include <prefork/app.hpp>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const prefork::Semaphore three = app.semaphore("three", 3);
  const prefork::Atomic inside = app.atomic("inside");

  app.get("/use", [=](const prefork::Request&) {
    const prefork::Hold hold = three.acquire(10s);
    if (!hold) return prefork::text("too many\n", 503);
    const auto now_inside = inside.add(1);
    std::this_thread::sleep_for(50ms);
    inside.add(-1);
    return prefork::text("unit " + std::to_string(hold.unit()) +
                         ", inside: " + std::to_string(now_inside) + "\n");
  });
}
