// The floor of the benchmark: the least a process can do to answer HTTP from one epoll loop.
//
// No parser, no routing, no statistics, no deadlines: it counts the blank lines in what it read and
// sends as many copies of one fixed answer. It stands for what the kernel charges for the same
// bytes through the same system calls, so a server's distance to it is that server's own cost.
//
//   bench_bare_loop [--close] [--answer FILE]
//
// Listens on a free port of 127.0.0.1 and says which on standard output. --close ends a connection
// after its first answer. --answer takes the bytes of the answer from a file (run.sh gives it what
// the server under test sent, so that both send the same); without it there is a built-in one.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kBacklog = 2048;
constexpr int kEventsPerWait = 128;
constexpr std::size_t kReadBytes = 65536;
constexpr std::size_t kAnswersPerWrite = 1024;
// Long answers are kept fewer times.
constexpr std::size_t kMaxAnswersBytes = 8 * 1024 * 1024;
constexpr std::string_view kBlankLine = "\r\n\r\n";
constexpr std::string_view kDefaultAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Server: prefork-server\r\n"
    "Date: Sat, 21 Nov 2026 06:00:00 GMT\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, World!";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on_a_free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) die("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0) die("bind");
  if (::listen(listener, kBacklog) != 0) die("listen");
  if (::getsockname(listener, generic, &size) != 0) die("getsockname");
  std::printf("listening http://127.0.0.1:%u\n", unsigned{ntohs(address.sin_port)});
  std::fflush(stdout);
  return listener;
}

std::string answer_from(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  const std::string answer = content.str();
  if (answer.empty()) die(path);
  return answer;
}

class BareLoop {
 public:
  BareLoop(std::string_view answer, bool close_after_answer)
      : listener_(listen_on_a_free_port()),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        answer_size_(answer.size()),
        close_after_answer_(close_after_answer) {
    if (epoll_ < 0) die("epoll_create1");
    watch(listener_);
    const std::size_t copies =
        std::clamp<std::size_t>(kMaxAnswersBytes / answer.size(), 1, kAnswersPerWrite);
    for (std::size_t i = 0; i < copies; ++i) answers_.append(answer);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsPerWait> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), kEventsPerWait, -1);
      if (count < 0 && errno != EINTR) die("epoll_wait");
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (owes(fd)) {
          send_on(fd);
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) { watch(fd, EPOLL_CTL_ADD, EPOLLIN); }

  void watch(int fd, int operation, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) die("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd);
    }
  }

  void serve(int fd) {
    const ssize_t received = ::recv(fd, input_.data(), input_.size(), 0);
    if (received <= 0) {
      if (received == 0 || errno != EAGAIN) ::close(fd);
      return;
    }
    const std::string_view input(input_.data(), static_cast<std::size_t>(received));
    // A request cut in two would be counted wrongly. The load generator never makes one; if it
    // does, the figures mean nothing.
    if (!input.ends_with(kBlankLine)) die("a read that does not end with a request");
    std::size_t requests = 0;
    for (auto at = input.find(kBlankLine); at != input.npos;
         at = input.find(kBlankLine, at + kBlankLine.size())) {
      ++requests;
    }
    if (requests * answer_size_ > answers_.size()) die("more requests in one read than answers");
    const std::size_t size = requests * answer_size_;
    const ssize_t sent = ::send(fd, answers_.data(), size, MSG_NOSIGNAL);
    if (sent < 0 || close_after_answer_) {
      ::close(fd);
    } else if (static_cast<std::size_t>(sent) < size) {
      owed_.resize(std::max(owed_.size(), static_cast<std::size_t>(fd) + 1));
      owed_[static_cast<std::size_t>(fd)] = {static_cast<std::size_t>(sent), size};
      watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
    }
  }

  // The part of answers_ that a connection's socket had no room for yet.
  struct Owed {
    std::size_t from = 0;
    std::size_t to = 0;
  };

  [[nodiscard]] bool owes(int fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return index < owed_.size() && owed_[index].to != 0;
  }

  void send_on(int fd) {
    Owed& owed = owed_[static_cast<std::size_t>(fd)];
    const ssize_t sent = ::send(fd, answers_.data() + owed.from, owed.to - owed.from, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      owed = {};
      ::close(fd);
      return;
    }
    owed.from += static_cast<std::size_t>(sent);
    if (owed.from == owed.to) {
      owed = {};
      watch(fd, EPOLL_CTL_MOD, EPOLLIN);
    }
  }

  int listener_;
  int epoll_;
  std::size_t answer_size_;
  bool close_after_answer_;
  std::string answers_;
  std::vector<Owed> owed_;  // by descriptor
  std::array<char, kReadBytes> input_{};
};

}  // namespace

int main(int argc, char** argv) {
  std::string answer{kDefaultAnswer};
  bool close_after_answer = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--close") == 0) {
      close_after_answer = true;
    } else if (std::strcmp(argv[i], "--answer") == 0 && i + 1 < argc) {
      answer = answer_from(argv[++i]);
    } else {
      std::fprintf(stderr, "unknown argument: %s\n", argv[i]);
      return 2;
    }
  }
  static BareLoop loop(answer, close_after_answer);
  loop.run();
}
