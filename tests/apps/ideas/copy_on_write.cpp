// What was read before the fork is in the memory of all workers, and there once, until one of them
// writes: then the kernel gives it a copy of that page. So it costs nothing to have it, and nobody
// sees what another one changes. What all are to see belongs into what workers share.
//
//   prefork-server libtest_app_copy_on_write.so --workers 4 --preload
//   curl -s localhost:8000/change; for i in 1 2 3 4; do curl -s localhost:8000/table & done; wait
#include <prefork/app.hpp>

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

namespace {

std::vector<int> table;
std::mutex changing;  // among the threads of one worker

}  // namespace

PREFORK_APP(app) {
  app.on_load([] { table.assign(1'000'000, 1); });

  app.get("/change", [](const prefork::Request&) {
    const std::lock_guard lock(changing);
    std::fill(table.begin(), table.end(), 2);
    return prefork::text("changed in process " + std::to_string(::getpid()) + "\n");
  });
  app.get("/table", [](const prefork::Request&) {
    const std::lock_guard lock(changing);
    return prefork::text("process " + std::to_string(::getpid()) + ": the sum is " +
                         std::to_string(std::accumulate(table.begin(), table.end(), 0L)) + "\n");
  });
}
