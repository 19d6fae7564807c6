// One file that all workers write lines into. It was opened before the fork, so they share its
// position, and each line is one write(2) to a file that is open for appending: the kernel puts
// each behind the last as a whole. A std::ofstream would write when its buffer is full, in the
// middle of a line.
//
//   ONE_LOG=/tmp/one.log prefork-server libtest_app_one_log.so --workers 4 --preload
//   for i in 1 2 3 4; do curl -s localhost:8000/log/1000 & done; wait; sort /tmp/one.log | uniq -c
#include <prefork/app.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

int file = -1;

void write_line(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(file, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) {
    throw std::runtime_error("the log cannot be written");
  }
}

}  // namespace

PREFORK_APP(app) {
  app.on_load([] {
    const char* const path = std::getenv("ONE_LOG");
    file = ::open(path != nullptr ? path : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) throw std::runtime_error("ONE_LOG must name a file that can be written");
  });
  app.get("/log/{lines}", [](const prefork::Request& request) {
    const int lines = std::atoi(std::string(request.parameter("lines")).c_str());
    const std::string line = "process " + std::to_string(::getpid()) + " has written this line";
    for (int i = 0; i < lines; ++i) write_line(line);
    return prefork::text(line + " " + std::to_string(lines) + " times\n");
  });
}
