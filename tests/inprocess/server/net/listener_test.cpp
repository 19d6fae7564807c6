// Whose turn it is when two loops accept from one listening socket, and what becomes of a
// connection for which there is no descriptor.
#include "server/net/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/inprocess/thread_state.h"
#include "tests/support/set_clock.h"

namespace prefork::net {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

class Acceptor final : public AcceptHandler {
 public:
  Acceptor(const test::SetClock& clock, const ListenerSpec& spec)
      : loop_(clock), listener_(loop_, spec, *this) {}
  ~Acceptor() override { thread_.join(); }

  void start() {
    thread_ = std::thread([this] {
      id_ = ::gettid();
      while (!has_ended_) {
        loop_.run_one_for(60'000 * kMs);
      }
    });
  }
  // With the next connection that it accepts.
  void end() { ends_ = true; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }

  void on_accepted(ipc::OwnedFd, const ipc::HandedConnection&, const TransportFactory*) override {
    has_ended_ = ends_.load();
    ++accepted_;
  }
  void on_accept_error(int) override { has_ended_ = true; }

  [[nodiscard]] int accepted() const { return accepted_; }
  void await_sleep() const {
    while (!test::is_asleep(id_)) {
      std::this_thread::yield();
    }
  }

 private:
  loop::EventLoop loop_;
  Listener listener_;
  std::atomic<bool> ends_{false};
  std::atomic<bool> has_ended_{false};
  std::atomic<int> accepted_{0};
  std::atomic<pid_t> id_{0};
  std::thread thread_;
};

// A socket that listens at an address that the kernel chooses (unix(7): autobind).
class LocalSocket {
 public:
  LocalSocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof(sa_family_t)), 0);
    EXPECT_EQ(::listen(socket_.get(), kBacklog), 0);
  }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] ipc::OwnedFd connect() const {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    ipc::OwnedFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), generic, size), 0);
    return client;
  }

 private:
  static constexpr int kBacklog = 16;
  ipc::OwnedFd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
};

class TwoListeners : public testing::Test {
 protected:
  TwoListeners() {
    for (Acceptor* const acceptor : {&first_, &second_}) {
      acceptor->start();
      acceptor->await_sleep();
    }
  }
  ~TwoListeners() override {
    first_.end();
    second_.end();
    while (!first_.has_ended() || !second_.has_ended()) {
      const ipc::OwnedFd client = socket_.connect();
    }
  }

  // One after the other, each when both loops sleep.
  void connect_times(int count) {
    for (int i = 0; i < count; ++i) {
      first_.await_sleep();
      second_.await_sleep();
      const int before = first_.accepted() + second_.accepted();
      const ipc::OwnedFd client = socket_.connect();
      while (first_.accepted() + second_.accepted() == before) {
        std::this_thread::yield();
      }
    }
  }
  [[nodiscard]] std::array<int, 2> accepted() const {
    return {first_.accepted(), second_.accepted()};
  }

  const LocalSocket socket_;
  test::SetClock clock_;
  Acceptor first_{clock_, {.fd = socket_.fd()}};
  Acceptor second_{clock_, {.fd = socket_.fd()}};
};

TEST_F(TwoListeners, ASiblingIsWokenAfterFour) {
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{4, 0}));
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{4, 4}));
}

TEST_F(TwoListeners, WhoStoodBehindStaysInFrontForAMillisecondAfterThat) {
  connect_times(8);
  connect_times(10);
  EXPECT_EQ(accepted(), (std::array{14, 4})) << "no time has passed";
  clock_.time_ns += kMs;
  connect_times(1);
  EXPECT_EQ(accepted(), (std::array{15, 4}));
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{15, 8}));
}

// Who keeps what it accepts, or hands it on at once.
class Keeper final : public AcceptHandler {
 public:
  void on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection&,
                   const TransportFactory*) override {
    ++accepted;
    if (keeps) {
      kept.push_back(std::move(socket));
    }
  }
  void on_accept_error(int error) override {
    EXPECT_EQ(error, EMFILE);
    ++errors;
  }

  bool keeps = false;
  std::vector<ipc::OwnedFd> kept;
  int accepted = 0;
  int errors = 0;
};

class ListenerWithoutDescriptors : public testing::Test {
 protected:
  ListenerWithoutDescriptors() {
    for (ipc::OwnedFd& client : clients_) {
      client = socket_.connect();
    }
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit none_left = before_;
    none_left.rlim_cur = static_cast<rlim_t>(ipc::OwnedFd(::dup(socket_.fd())).get());
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
  }
  ~ListenerWithoutDescriptors() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

  const LocalSocket socket_;
  const ipc::MonotonicClock clock_;
  loop::EventLoop loop_{clock_};
  Keeper keeper_;
  Listener listener_{loop_, {.fd = socket_.fd()}, keeper_};
  std::array<ipc::OwnedFd, 4> clients_;
  rlimit before_{};
};

TEST_F(ListenerWithoutDescriptors, AcceptsWhatIsHandedOn) {
  loop_.poll();
  EXPECT_EQ(keeper_.accepted, 4);
  EXPECT_GE(keeper_.errors, 4) << "who hands it on is told each time";
  EXPECT_FALSE(listener_.is_paused());
}

TEST_F(ListenerWithoutDescriptors, PausesOnceItsReserveIsUsed) {
  keeper_.keeps = true;
  loop_.poll();
  EXPECT_EQ(keeper_.accepted, 1);
  EXPECT_TRUE(listener_.is_paused());
  listener_.resume();
  EXPECT_TRUE(listener_.is_paused()) << "it would be woken in vain, and a sibling not";
  keeper_.kept.clear();
  listener_.resume();
  loop_.poll();
  EXPECT_EQ(keeper_.accepted, 2);
}

}  // namespace
}  // namespace prefork::net
