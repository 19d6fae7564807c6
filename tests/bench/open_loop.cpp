// Sends requests at a rate, whether the server keeps up or not, as the world does; wrk waits
// for an answer before it asks again, so it can never offer more than there is capacity. Prints for
// each path how many were served a second as long as it sent, how many were refused, and the
// latency of those that were served, from the moment a request was due.
//
//   bench_open_loop PORT RATE SECONDS SHARE:PATH...
//
// SHARE is a part of a hundred. When the next one comes and which it is, is random (a Poisson
// process, with a fixed seed), as with clients that know nothing of each other. Each request has a
// connection of its own as long as it runs; connections are kept and used again.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxConnections = 8192;

struct Path {
  std::string request;
  std::string name;
  int share = 0;
  std::vector<double> served_ms;
  std::uint64_t served_in_time = 0;
  std::uint64_t refused = 0;
  std::uint64_t broken = 0;
};

struct Connection {
  int fd = -1;
  Path* path = nullptr;  // of the request that runs; null: none
  Clock::time_point due;
  std::string received;
};

class Load {
 public:
  Load(std::uint16_t port, double rate, std::vector<Path> paths)
      : port_(port), interval_(1.0 / rate), paths_(std::move(paths)), epoll_(::epoll_create1(0)) {}

  void run(std::chrono::seconds time) {
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    const itimerspec every{{0, 500'000}, {0, 500'000}};
    ::timerfd_settime(timer, 0, &every, nullptr);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer, &event);
    const auto begin = Clock::now();
    const auto end = begin + time;
    end_ = end;
    auto due = begin;
    // Whoever is not served three seconds after the last request is counted as broken.
    while (Clock::now() < end + std::chrono::seconds(3) && (due < end || running_ != 0)) {
      for (; due < end && due <= Clock::now(); due += step()) {
        send(due);
      }
      turn(timer);
    }
    for (const auto& connection : connections_) {
      if (connection->path != nullptr) {
        ++connection->path->broken;
      }
    }
  }

  void report(double seconds) {
    std::printf("%-16s %10s %10s %8s %8s %9s %9s %9s\n", "path", "offered/s", "served/s", "refused",
                "broken", "p50 ms", "p99 ms", "most ms");
    for (Path& path : paths_) {
      std::vector<double>& times = path.served_ms;
      std::sort(times.begin(), times.end());
      const auto at = [&](double share) {
        return times.empty()
                   ? 0.0
                   : times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
      };
      const double served = static_cast<double>(times.size());
      const double offered = served + static_cast<double>(path.refused + path.broken);
      std::printf("%-16s %10.1f %10.1f %8lu %8lu %9.2f %9.2f %9.2f\n", path.name.c_str(),
                  offered / seconds, static_cast<double>(path.served_in_time) / seconds,
                  path.refused, path.broken, at(0.5), at(0.99), at(1.0));
    }
  }

 private:
  Clock::duration step() {
    return std::chrono::duration_cast<Clock::duration>(interval_ * waits_(random_));
  }

  Path& next_path() {
    int at = std::uniform_int_distribution<int>(0, 99)(random_);
    for (Path& path : paths_) {
      at -= path.share;
      if (at < 0) {
        return path;
      }
    }
    return paths_.back();
  }

  Connection* free_connection() {
    if (!free_.empty()) {
      Connection* const connection = free_.back();
      free_.pop_back();
      return connection;
    }
    if (connections_.size() >= kMaxConnections) {
      return nullptr;
    }
    connections_.push_back(std::make_unique<Connection>());
    return connections_.back().get();
  }

  bool open(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return false;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) == 0;
  }

  void send(Clock::time_point due) {
    Path& path = next_path();
    Connection* const connection = free_connection();
    if (connection == nullptr || (connection->fd < 0 && !open(*connection)) ||
        ::send(connection->fd, path.request.data(), path.request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(path.request.size())) {
      ++path.broken;
      return;
    }
    connection->path = &path;
    connection->due = due;
    ++running_;
  }

  void turn(int timer) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10);
    for (int i = 0; i < count; ++i) {
      auto* const connection =
          static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection != nullptr) {
        receive(*connection);
      } else {
        std::uint64_t ticks = 0;
        [[maybe_unused]] const ssize_t size = ::read(timer, &ticks, sizeof ticks);
      }
    }
  }

  void receive(Connection& connection) {
    std::array<char, 4096> room{};
    const ssize_t size = ::recv(connection.fd, room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) {
      return;
    }
    if (size <= 0) {
      close(connection);
      return;
    }
    connection.received.append(room.data(), static_cast<std::size_t>(size));
    if (!is_complete(connection.received) || connection.path == nullptr) {
      return;
    }
    Path& path = *connection.path;
    if (connection.received.compare(9, 3, "200") == 0) {
      const auto now = Clock::now();
      path.served_ms.push_back(
          std::chrono::duration<double, std::milli>(now - connection.due).count());
      path.served_in_time += now < end_ ? 1U : 0U;
    } else {
      ++path.refused;
    }
    connection.received.clear();
    connection.path = nullptr;
    --running_;
    free_.push_back(&connection);
  }

  void close(Connection& connection) {
    ::close(connection.fd);
    connection.fd = -1;
    connection.received.clear();
    if (connection.path != nullptr) {
      ++connection.path->broken;
      connection.path = nullptr;
      --running_;
      free_.push_back(&connection);
    }
  }

  static bool is_complete(std::string_view text) {
    const std::size_t head = text.find("\r\n\r\n");
    const std::size_t field = text.find("Content-Length: ");
    return head != text.npos && field < head &&
           text.size() >= head + 4 + std::strtoul(text.data() + field + 16, nullptr, 10);
  }

  const std::uint16_t port_;
  const std::chrono::duration<double> interval_;
  std::vector<Path> paths_;
  const int epoll_;
  std::mt19937_64 random_{1};
  std::exponential_distribution<double> waits_{1.0};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
  std::size_t running_ = 0;
  Clock::time_point end_;  // of sending
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "use: bench_open_loop PORT RATE SECONDS SHARE:PATH...\n");
    return 2;
  }
  std::vector<Path> paths;
  for (int i = 4; i < count; ++i) {
    char* name = nullptr;
    Path path;
    path.share = static_cast<int>(std::strtol(arguments[i], &name, 10));
    path.name = name + 1;
    path.request = "GET " + path.name + " HTTP/1.1\r\nHost: bench\r\n\r\n";
    paths.push_back(std::move(path));
  }
  const long seconds = std::strtol(arguments[3], nullptr, 10);
  Load load(static_cast<std::uint16_t>(std::strtoul(arguments[1], nullptr, 10)),
            std::strtod(arguments[2], nullptr), std::move(paths));
  load.run(std::chrono::seconds(seconds));
  load.report(static_cast<double>(seconds));
  return 0;
}
