// Boots as often as the file $TEST_BOOTS/licences says, and waits there for the file
// $TEST_BOOTS/open before it is ready. One that found the file $TEST_BOOTS/ill then is not well.
#include <prefork/app.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

// Of all processes together, each of which adds a byte.
off_t boots_so_far(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat about {};
  if (::write(fd, "+", 1) == 1) ::fstat(fd, &about);
  ::close(fd);
  return about.st_size;
}

bool is_ill = false;

}  // namespace

PREFORK_APP(app) {
  app.on_worker_start([](const prefork::Worker&) {
    const std::string folder = std::getenv("TEST_BOOTS");
    off_t licences = 0;
    std::ifstream(folder + "/licences") >> licences;
    if (boots_so_far(folder + "/boots") > licences) throw std::runtime_error("no licence left");
    is_ill = ::access((folder + "/ill").c_str(), F_OK) == 0;
    while (::access((folder + "/open").c_str(), F_OK) != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  });
  app.get("/", [](const prefork::Request&) {
    return is_ill ? prefork::text("ill", 500) : prefork::text("served");
  });
}
