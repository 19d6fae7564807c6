#include "workers/replay/replay_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "ipc/base/interruption.h"

namespace prefork::replay {

namespace {

constexpr std::string_view kReady = "ready\n";

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::filesystem::path new_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "prefork-replay-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    fail("cannot make " + path);
  }
  return path;
}

std::pair<ipc::OwnedFd, ipc::OwnedFd> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail("cannot make a pipe");
  }
  return {ipc::OwnedFd(ends[0]), ipc::OwnedFd(ends[1])};
}

// Empty: nothing comes any more.
std::string read_some(int fd) {
  std::array<char, 16 * 1024> bytes;
  ssize_t size = -1;
  do {
    size = ::read(fd, bytes.data(), bytes.size());
  } while (size < 0 && errno == EINTR);
  return {bytes.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

ipc::OwnedFd connect_to(const std::string& path) {
  ipc::OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    fail(path);
  }
  path.copy(address.sun_path, path.size());
  if (!socket.valid() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect to the server");
  }
  return socket;
}

}  // namespace

ReplayServer::ReplayServer(const std::vector<std::string>& arguments) : folder_(new_folder()) {
  std::vector<std::string> all{"/proc/self/exe", "--uds", (folder_ / "socket").string(), "--admin",
                               "off", "--control", "off", "--workers", "1", "--log-file", "-",
                               "--log-level", "info",
                               // One more death is what this is about.
                               "--limit-route-deaths", "0"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  start(std::move(all));
}

ReplayServer::~ReplayServer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ReplayServer::start(std::vector<std::string> arguments) {
  auto [log_read, log_write] = make_pipe();
  auto [notified, notifies] = make_pipe();
  arguments.insert(arguments.end(), {"--notify-fd", std::to_string(notifies.get())});
  std::vector<char*> pointers;
  for (std::string& argument : arguments) {
    pointers.push_back(argument.data());
  }
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) {
    fail("cannot fork");
  }
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::fcntl(notifies.get(), F_SETFD, 0);
    ::dup2(log_write.get(), STDERR_FILENO);
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
  }
  log_ = std::move(log_read);
  notification_ = std::move(notified);
}

bool ReplayServer::wait_until_ready() {
  std::string said;
  for (;;) {
    std::array<pollfd, 2> fds = {{{log_.get(), POLLIN, 0}, {notification_.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
      return false;
    }
    if (ipc::is_interrupted()) {
      return false;
    }
    if (fds[1].revents != 0) {
      const std::string more = read_some(notification_.get());
      said += more;
      if (said.ends_with(kReady)) {
        return true;
      }
      if (more.empty()) {
        return false;
      }
    }
    if (fds[0].revents != 0 && !pass_log()) {
      return false;
    }
  }
}

std::string ReplayServer::exchange(const std::string& request) {
  const ipc::OwnedFd socket = connect_to((folder_ / "socket").string());
  std::string_view unsent = request;
  std::string answer;
  for (;;) {
    std::array<pollfd, 2> fds = {
        {{socket.get(), static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT), 0},
         {log_.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
      return answer;
    }
    if (ipc::is_interrupted() || (fds[1].revents != 0 && !pass_log())) {
      return answer;
    }
    if ((fds[0].revents & POLLOUT) != 0) {
      const ssize_t sent = ::send(socket.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
      // Who answers early, or dies, reads no further; what it has said is there to be read.
      unsent.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : unsent.size());
    } else if (fds[0].revents != 0) {
      const std::string more = read_some(socket.get());
      if (more.empty()) {
        return answer;
      }
      answer += more;
    }
  }
}

int ReplayServer::stop() {
  ::kill(pid_, SIGTERM);
  while (pass_log()) {
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool ReplayServer::pass_log() {
  const std::string more = read_some(log_.get());
  std::fputs(more.c_str(), stderr);
  unfinished_line_ += more;
  for (std::size_t end = 0; (end = unfinished_line_.find('\n')) != std::string::npos;
       unfinished_line_.erase(0, end + 1)) {
    look_for_end(unfinished_line_.substr(0, end));
  }
  return !more.empty();
}

// "... worker 0 (pid 7264) ended: signal 11 (SIGSEGV), no core dump; age 3.1 s, 0 requests served"
void ReplayServer::look_for_end(const std::string& line) {
  constexpr std::string_view kEnded = ") ended: ";
  constexpr std::string_view kAsAsked = ", as asked";
  const std::size_t worker = line.find("]: worker 0 (pid ");
  const std::size_t end = worker == line.npos ? line.npos : line.find(kEnded, worker);
  if (end != line.npos && worker_end_.empty()) {
    std::string words = line.substr(end + kEnded.size());
    words = words.substr(0, words.find(';'));
    worker_end_ = words.ends_with(kAsAsked) ? "" : words;
  }
}

}  // namespace prefork::replay
