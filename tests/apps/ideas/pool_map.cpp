// A list is mapped by a pool: whoever is free takes the next item, in whatever process it is, and
// the results come back in the order of the list.
//
//   prefork-server libtest_app_pool_map.so --workers 4
//   curl -s localhost:8000/squares/12
#include <prefork/app.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kMostItems = 64;  // as many as the queues have room for: nobody has to wait

std::atomic<bool> stopping{false};
std::thread mapper;  // one in each worker

}  // namespace

PREFORK_APP(app) {
  const prefork::Queue items = app.queue("items", kMostItems, 8);
  const prefork::Queue results = app.queue("results", kMostItems, 40);
  const prefork::Mutex one_list = app.mutex("one_list");

  app.on_worker_start([=](const prefork::Worker& worker) {
    mapper = std::thread([=, slot = worker.slot] {
      while (!stopping) {
        const auto item = items.pop(100ms);
        if (!item) continue;
        const long number = std::stol(*item);
        std::this_thread::sleep_for(1ms);  // it is a difficult function
        const std::string square = std::to_string(number * number);
        if (results.push(*item + " " + square + " " + std::to_string(slot), 10s) !=
            prefork::Waited::done)
          return;
      }
    });
  });
  app.on_worker_stop([](const prefork::Worker&) {
    stopping = true;
    mapper.join();
  });

  app.get("/squares/{count}", [=](const prefork::Request& request) {
    const auto count =
        static_cast<std::uint32_t>(std::atoi(std::string(request.parameter("count")).c_str()));
    const prefork::Hold hold = one_list.lock(10s);
    if (!hold || count > kMostItems) return prefork::text("busy, or too long\n", 503);
    for (std::uint32_t i = 1; i <= count; ++i) {
      if (items.push(std::to_string(i), 10s) != prefork::Waited::done)
        return prefork::text("nobody takes them\n", 503);
    }
    std::map<long, long> squares;
    std::set<int> workers;
    while (squares.size() < count) {
      const auto result = results.pop(10s);
      if (!result) return prefork::text("a worker has died with an item\n", 500);
      long item = 0;
      long square = 0;
      int worker = 0;
      std::istringstream(*result) >> item >> square >> worker;
      squares[item] = square;
      workers.insert(worker);
    }
    std::string text;
    for (const auto& [item, square] : squares) text += std::to_string(square) + " ";
    return prefork::text(text + "by " + std::to_string(workers.size()) + " processes\n");
  });
}
