// An event releases all who wait for it, in all processes, and who comes later does not wait.
//
//   prefork-server libtest_app_event.so --workers 4
//   for i in 1 2 3; do curl -s localhost:8000/wait & done; curl -s localhost:8000/start; wait
#include <prefork/app.hpp>

#include <unistd.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const prefork::Event started = app.event("started");

  app.get("/wait", [started](const prefork::Request&) {
    const bool has_started = started.wait(10s) == prefork::Waited::done;
    return prefork::text("process " + std::to_string(::getpid()) +
                         (has_started ? " was released\n" : " has waited for nothing\n"));
  });
  app.get("/start", [started](const prefork::Request&) {
    started.set();
    return prefork::text("started\n");
  });
}
