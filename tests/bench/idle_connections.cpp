// Opens keep-alive connections to a server on this machine, sends one request over each, and holds
// them open until its standard input ends. For the memory of idle connections, and for how evenly
// connections spread over workers.
//
//   bench_idle PORT CONNECTIONS BATCH
//
// BATCH connections are opened at a time before the first of them asks anything; BATCH equal to
// CONNECTIONS is a burst. Prints `holding N` when every connection has had its answer.
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kAnswerTimeoutMs = 10'000;
constexpr int kMaxConnections = 20'000;  // of about 28,000 ports that 127.0.0.1 has to call from
constexpr std::string_view kRequest =
    "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n";
constexpr std::string_view kBody = "Hello, World!";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int positive_number(std::string_view text, int maximum) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > maximum) {
    std::fprintf(stderr, "not a number from 1 to %d: %s\n", maximum, std::string(text).c_str());
    std::exit(2);
  }
  return value;
}

void allow_as_many_files_as_possible() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("connect");
  }
  return fd;
}

void ask(int fd) {
  if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kRequest.size())) {
    die("send");
  }
}

// Every server under test answers this path with the same body, so that is where an answer ends.
void await_answer(int fd) {
  std::string answer;
  std::array<char, 4096> buffer;
  while (!answer.ends_with(kBody)) {
    pollfd wanted{fd, POLLIN, 0};
    if (::poll(&wanted, 1, kAnswerTimeoutMs) != 1) die("no answer in time");
    const ssize_t received = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (received <= 0) die("the connection ended before its answer");
    answer.append(buffer.data(), static_cast<std::size_t>(received));
  }
  if (answer.find(" 200 ") == std::string::npos) {
    std::fprintf(stderr, "not a 200: %.*s\n", static_cast<int>(answer.find('\r')), answer.c_str());
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_idle PORT CONNECTIONS BATCH\n");
    return 2;
  }
  const int port = positive_number(argv[1], 65'535);
  const int wanted = positive_number(argv[2], kMaxConnections);
  const int batch = positive_number(argv[3], kMaxConnections);
  allow_as_many_files_as_possible();

  std::vector<int> connections;
  while (static_cast<int>(connections.size()) < wanted) {
    const std::size_t first = connections.size();
    const int count = std::min(batch, wanted - static_cast<int>(first));
    for (int i = 0; i < count; ++i) connections.push_back(connect_to(port));
    for (std::size_t i = first; i < connections.size(); ++i) ask(connections[i]);
    for (std::size_t i = first; i < connections.size(); ++i) await_answer(connections[i]);
  }
  std::printf("holding %zu\n", connections.size());
  std::fflush(stdout);

  std::array<char, 64> ignored;
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}
