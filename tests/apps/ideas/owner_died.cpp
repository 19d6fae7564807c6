// Who is killed with a lock leaves it to the next one, who is told: what it protects may be half
// changed, and has to be looked at.
//
//   prefork-server libtest_app_owner_died.so --workers 2
//   curl -s localhost:8000/move-and-die; curl -s localhost:8000/look; curl -s localhost:8000/look
#include <prefork/app.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const prefork::Mutex mutex = app.mutex("accounts");
  const prefork::Atomic taken = app.atomic("taken");
  const prefork::Atomic given = app.atomic("given");

  app.get("/move-and-die", [=](const prefork::Request&) {
    const prefork::Hold hold = mutex.lock(1s);
    taken.add(100);
    ::kill(::getpid(), SIGKILL);
    given.add(100);
    return prefork::text("moved\n");
  });
  app.get("/look", [=](const prefork::Request&) {
    const prefork::Hold hold = mutex.lock(1s);
    if (!hold) return prefork::text("busy\n", 503);
    if (!hold.owner_died()) return prefork::text("all is well\n");
    const auto missing = taken.get() - given.get();
    given.add(missing);
    return prefork::text("the owner died; " + std::to_string(missing) + " were on the way\n");
  });
}
