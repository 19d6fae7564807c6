// Two who take two locks in different orders wait for each other, once they meet between the two.
// Every wait has an end here, so one of them gives up; a build of the server for development says
// in its log that the orders differ before they ever meet. The cure is one order for all.
//
//   prefork-server libtest_app_lock_order.so --workers 2
//   curl -s localhost:8000/move/a/b & curl -s localhost:8000/move/b/a; wait
//   curl -s localhost:8000/move-in-order/a/b & curl -s localhost:8000/move-in-order/b/a; wait
#include <prefork/app.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const std::map<std::string, prefork::Mutex> accounts = {{"a", app.mutex("account_a")},
                                                          {"b", app.mutex("account_b")}};
  const prefork::Barrier between = app.barrier("between", 2);

  app.get("/move/{from}/{to}", [=](const prefork::Request& request) {
    const prefork::Hold first = accounts.at(std::string(request.parameter("from"))).lock(1s);
    if (between.arrive_and_wait(1s) != prefork::Waited::done) return prefork::text("alone\n");
    const prefork::Hold second = accounts.at(std::string(request.parameter("to"))).lock(200ms);
    return prefork::text(second ? "moved\n" : "gave up: the other one has the second lock\n");
  });
  app.get("/move-in-order/{from}/{to}", [=](const prefork::Request& request) {
    const auto from = std::string(request.parameter("from"));
    const auto to = std::string(request.parameter("to"));
    const prefork::Hold first = accounts.at(std::min(from, to)).lock(1s);
    const prefork::Hold second = accounts.at(std::max(from, to)).lock(1s);
    return prefork::text(second ? "moved\n" : "gave up\n");
  });
}
