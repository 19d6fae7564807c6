// Many clients that do anything at any time, from a seed: bytes cut anywhere, requests of every
// kind behind each other, clients that read late, end or go; jobs that finish late and in any
// order, time that passes, and the end of the service. What must hold all the while:
//
// - the answers of a connection come in the order of its requests, whole, and nothing follows an
// end;
// - each answer that was sent whole has one line in the access log, and no request has two;
// - in the end every connection, session, job and place was given back.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionRandomWalk : public HttpTest, public testing::WithParamInterface<unsigned> {
 protected:
  struct Peer {
    explicit Peer(Client&& connected) : client(std::move(connected)) {}

    Client client;
    std::string to_send;
    std::string received;
    std::deque<std::string> expected;  // paths, in the order of the requests
    bool has_ended = false;
  };

  ConnectionRandomWalk() {
    settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
        settings_.timeouts.keep_alive = 20s;
    executor_ = &held_;
    held_.limit = 8;
    router_.add(http::Method::get, "/large", exchange::RunOn::loop,
                [](const http::Request&, http::Response& response) {
                  response.set_body(std::string(70'000, 'x'));
                });
    router_.add(http::Method::get, "/chunks", exchange::RunOn::loop,
                [](const http::Request&, http::Response& response) {
                  response.set_source(std::make_unique<Pieces>());
                });
    log_path_ = "/proc/self/fd/" + std::to_string(log_file_.get());
    EXPECT_TRUE(open_log());
  }

  // Some content of unknown length.
  class Pieces : public http::BodySource {
   public:
    http::SourceResult read(std::span<char> room) override {
      return ++reads_ > 4 ? http::SourceResult{http::SourceStatus::end, 0} : fill(room, "piece");
    }

   private:
    int reads_ = 0;
  };

  bool open_log() { return log_.open(log_path_, config::combined_log_format(), {0, 1}).ok(); }

  unsigned pick(unsigned below) {
    return std::uniform_int_distribution<unsigned>(0, below - 1)(random_);
  }

  void add_request(Peer& peer) {
    switch (pick(6)) {
      case 0:
        peer.to_send += get("/slow", "X: 1\r\n");
        peer.expected.emplace_back("/slow ");
        break;
      case 1:
        peer.to_send += post("/echo", std::string(1 + pick(3'000), 'y'));
        peer.expected.emplace_back("/echo y");
        break;
      case 2:
        peer.to_send += get("/large");
        peer.expected.emplace_back("xxx");
        break;
      case 3:
        peer.to_send += get("/chunks");
        peer.expected.emplace_back("5\r\npiece");
        break;
      case 4:
        peer.to_send +=
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        peer.expected.emplace_back("/echo abc");
        break;
      default:
        peer.to_send += get("/");
        peer.expected.emplace_back("root");
        break;
    }
  }

  void send_some(Peer& peer) {
    if (peer.has_ended || peer.to_send.empty()) {
      return;
    }
    const std::size_t size = 1 + pick(static_cast<unsigned>(peer.to_send.size()));
    peer.to_send.erase(0, peer.client.send_some(peer.to_send.substr(0, size)));
  }

  void step() {
    switch (pick(12)) {
      case 0:
        if (peers_.size() < 6) {
          peers_.push_back(std::make_unique<Peer>(connect_over(make_narrow())));
        }
        break;
      case 1:
        if (!held_.jobs.empty()) {
          held_.complete(server(), pick(static_cast<unsigned>(held_.jobs.size())));
        }
        break;
      case 2:
        clock_.advance(std::chrono::milliseconds(pick(300)));
        break;
      case 3:
        if (pick(40) == 0) {
          clock_.advance(25s);
        }
        break;
      default:
        if (!peers_.empty()) {
          step_of(pick(static_cast<unsigned>(peers_.size())));
        }
        break;
    }
    turn();
  }

  void step_of(std::size_t index) {
    Peer& peer = *peers_[index];
    switch (pick(10)) {
      case 0:
      case 1:
        if (!peer.has_ended) {
          add_request(peer);
        }
        break;
      case 2:
      case 3:
      case 4:
        send_some(peer);
        break;
      case 5:
        if (pick(15) == 0) {
          check(peer);
          peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(index));
        }
        break;
      case 6:
        if (pick(15) == 0 && !peer.has_ended) {
          peer.client.finish_sending();
          peer.has_ended = true;
        }
        break;
      default:
        check(peer);
        break;
    }
  }

  // Takes what has come and compares it with what was asked for, as far as answers are whole.
  void check(Peer& peer) {
    peer.received += peer.client.take();
    while (take_answer(peer)) {
    }
  }

  bool take_answer(Peer& peer) {
    const std::size_t head_end = peer.received.find("\r\n\r\n");
    if (head_end == std::string::npos) {
      return false;
    }
    const std::string head = peer.received.substr(0, head_end + 4);
    std::size_t size = 0;
    if (const std::size_t at = head.find("Content-Length: "); at != std::string::npos) {
      size = std::stoul(head.substr(at + 16));
      if (peer.received.size() < head.size() + size) {
        return false;
      }
    } else {
      const Chunked chunked = read_chunks(std::string_view(peer.received).substr(head.size()));
      EXPECT_FALSE(chunked.broken);
      if (!chunked.complete) {
        return false;
      }
      size = peer.received.size() - head.size() - chunked.rest.size();
    }
    const std::string body = peer.received.substr(head.size(), size);
    peer.received.erase(0, head.size() + size);
    ++whole_answers_;
    const std::string status = head.substr(9, 3);
    if (status == "200") {
      EXPECT_FALSE(peer.expected.empty()) << "an answer that nobody asked for";
      if (!peer.expected.empty()) {
        EXPECT_EQ(body.substr(0, peer.expected.front().size()), peer.expected.front());
        peer.expected.pop_front();
      }
    } else {
      EXPECT_TRUE(status == "408" || status == "503") << head;
      if (!peer.expected.empty()) {
        peer.expected.pop_front();
      }
      if (head.find("Connection: close") != std::string::npos) {
        EXPECT_EQ(peer.received, "") << "nothing follows the last answer";
      }
    }
    return true;
  }

  static std::pair<ipc::OwnedFd, ipc::OwnedFd> make_narrow() {
    auto ends = make_pair();
    const int size = 8 * 1024;
    for (const int fd : {ends.first.get(), ends.second.get()}) {
      EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    }
    return ends;
  }

  [[nodiscard]] std::uint64_t log_lines() const {
    std::string text(static_cast<std::size_t>(::lseek(log_file_.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(log_file_.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  }

  std::mt19937 random_{GetParam()};
  HeldJobs held_;
  std::vector<std::unique_ptr<Peer>> peers_;
  ipc::OwnedFd log_file_{::memfd_create("access-log", MFD_CLOEXEC)};
  std::string log_path_;
  std::uint64_t whole_answers_ = 0;
};

TEST_P(ConnectionRandomWalk, KeepsItsPromises) {
  for (int i = 0; i < 30'000; ++i) {
    step();
    ASSERT_FALSE(HasFailure()) << "in step " << i;
  }
  if (pick(2) == 0) {
    server().drain(DrainMode::close);
  }
  for (const auto& peer : peers_) {
    check(*peer);
  }
  peers_.clear();
  while (!held_.jobs.empty()) {
    held_.complete(server());
  }
  turn();
  EXPECT_GE(log_lines(), whole_answers_) << "each whole answer has its line";
  const std::uint64_t malformed = count(ipc::Counter::timeouts_header) +
                                  count(ipc::Counter::timeouts_body) +
                                  count(ipc::Counter::timeouts_request);
  EXPECT_LE(log_lines(), count(ipc::Counter::requests) + malformed) << "and no request has two";
  EXPECT_GT(whole_answers_, 100U) << "else this test shows nothing";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConnectionRandomWalk, testing::Range(1U, 21U));

}  // namespace
}  // namespace prefork::engine
