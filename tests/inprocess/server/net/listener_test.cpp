// Two loops that accept from one listening socket: whose turn it is. The clock is the test's.
#include "server/net/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace prefork::net {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

class ListenerClock final : public ipc::Clock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const override { return time_ns; }
  std::atomic<std::uint64_t> time_ns{1'000'000 * kMs};
};

class Acceptor final : public AcceptHandler {
 public:
  Acceptor(const ListenerClock& clock, const ListenerSpec& spec)
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
    while (!is_asleep()) {
      std::this_thread::yield();
    }
  }

 private:
  [[nodiscard]] bool is_asleep() const {
    std::ifstream file("/proc/self/task/" + std::to_string(id_.load()) + "/stat");
    std::string word;
    return id_ != 0 && file >> word >> word >> word && word == "S";
  }

  loop::EventLoop loop_;
  Listener listener_;
  std::atomic<bool> ends_{false};
  std::atomic<bool> has_ended_{false};
  std::atomic<int> accepted_{0};
  std::atomic<pid_t> id_{0};
  std::thread thread_;
};

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    // An address that the kernel chooses (unix(7): autobind).
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof(sa_family_t)), 0);
    EXPECT_EQ(::listen(socket_.get(), kBacklog), 0);
    for (Acceptor* const acceptor : {&first_, &second_}) {
      acceptor->start();
      acceptor->await_sleep();
    }
  }
  ~ListenerTest() override {
    first_.end();
    second_.end();
    while (!first_.has_ended() || !second_.has_ended()) {
      connect();
    }
  }

  void connect() {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    const ipc::OwnedFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), generic, size), 0);
  }
  // One after the other, each when both loops sleep.
  void connect_times(int count) {
    for (int i = 0; i < count; ++i) {
      first_.await_sleep();
      second_.await_sleep();
      const int before = first_.accepted() + second_.accepted();
      connect();
      while (first_.accepted() + second_.accepted() == before) {
        std::this_thread::yield();
      }
    }
  }
  [[nodiscard]] std::array<int, 2> accepted() const {
    return {first_.accepted(), second_.accepted()};
  }

  static constexpr int kBacklog = 16;
  const ipc::OwnedFd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  ListenerClock clock_;
  Acceptor first_{clock_, {.fd = socket_.get()}};
  Acceptor second_{clock_, {.fd = socket_.get()}};
};

TEST_F(ListenerTest, ASiblingIsWokenAfterFour) {
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{4, 0}));
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{4, 4}));
}

TEST_F(ListenerTest, WhoStoodBehindStaysInFrontForAMillisecondAfterThat) {
  connect_times(8);
  connect_times(10);
  EXPECT_EQ(accepted(), (std::array{14, 4})) << "no time has passed";
  clock_.time_ns += kMs;
  connect_times(1);
  EXPECT_EQ(accepted(), (std::array{15, 4}));
  connect_times(4);
  EXPECT_EQ(accepted(), (std::array{15, 8}));
}

}  // namespace
}  // namespace prefork::net
