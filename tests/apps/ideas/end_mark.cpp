// A producer and a consumer, in whatever processes they are, with a queue between them. A queue has
// no end, so the producer puts a mark behind its last piece.
//
//   prefork-server libtest_app_end_mark.so --workers 4
//   curl -s localhost:8000/consume & curl -s localhost:8000/produce/1000; wait
#include <prefork/app.hpp>

#include <chrono>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

PREFORK_APP(app) {
  const prefork::Queue numbers = app.queue("numbers", 16, 8);

  // A full queue holds up who is faster.
  app.get("/produce/{count}", [numbers](const prefork::Request& request) {
    const int count = std::atoi(std::string(request.parameter("count")).c_str());
    for (int i = 1; i <= count; ++i) {
      if (numbers.push(std::to_string(i), 10s) != prefork::Waited::done)
        return prefork::text("nobody takes them\n", 503);
    }
    if (numbers.push("end", 10s) != prefork::Waited::done) return prefork::text("full\n", 503);
    return prefork::text("produced " + std::to_string(count) + " numbers and the end mark\n");
  });
  app.get("/consume", [numbers](const prefork::Request&) {
    int count = 0;
    long sum = 0;
    while (const auto piece = numbers.pop(10s)) {
      if (*piece == "end") {
        return prefork::text("consumed " + std::to_string(count) + " numbers, their sum is " +
                             std::to_string(sum) + "\n");
      }
      ++count;
      sum += std::stol(*piece);
    }
    return prefork::text("no end came\n", 503);
  });
}
