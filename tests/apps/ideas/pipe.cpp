// A pipe ends when nobody can write into it any more, also when its writer was killed: the kernel
// closes what a dead process had open. That is so when nobody else has the end for writing, and the
// usual one to forget is the reader itself.
//
//   prefork-server libtest_app_pipe.so
//   curl -s localhost:8000/pipe
#include <prefork/app.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

namespace {

// What there is to read at the moment; the pipe does not wait.
std::string read_some(int fd) {
  std::array<char, 100> room{};
  const ssize_t size = ::read(fd, room.data(), room.size());
  if (size > 0) return {room.data(), static_cast<std::size_t>(size)};
  return size == 0 ? "the end: nobody can write any more\n"
                   : "no end: this process itself could still write\n";
}

}  // namespace

PREFORK_APP(app) {
  app.get("/pipe", [](const prefork::Request&) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return prefork::text("no pipe\n", 500);
    const pid_t writer = ::fork();
    if (writer == 0) {
      // A child of a process with threads calls nothing but the kernel.
      static_cast<void>(::write(ends[1], "one\ntwo\n", 8) == 8);
      ::kill(::getpid(), SIGKILL);
    }
    ::waitpid(writer, nullptr, 0);
    std::string text = read_some(ends[0]);
    text += read_some(ends[0]);
    ::close(ends[1]);
    text += read_some(ends[0]);
    ::close(ends[0]);
    return prefork::text(text);
  });
}
