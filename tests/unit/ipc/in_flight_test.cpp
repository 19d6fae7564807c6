#include "ipc/in_flight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <thread>

#include "tests/unit/ipc/processes.h"

namespace prefork::ipc {
namespace {

using testing_ipc::ForkedChild;
using testing_ipc::Gate;
using testing_ipc::SharedValue;

PeerAddress ipv4_peer(std::uint8_t last_byte, std::uint16_t port) {
  PeerAddress peer;
  peer.family = PeerAddress::Family::ipv4;
  peer.port = port;
  peer.bytes = {192, 0, 2, last_byte};
  return peer;
}

PeerAddress ipv6_peer() {
  PeerAddress peer;
  peer.family = PeerAddress::Family::ipv6;
  peer.port = 65535;
  peer.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return peer;
}

// Fills the box with bytes as a worker gone mad might. `pattern` even: no write seems to be going
// on.
void scribble(InFlightBox& box, int pattern) {
  std::memset(static_cast<void*>(&box), pattern, sizeof box);
}

TEST(InFlight, AFreshBoxHasNoRequest) {
  const InFlightBox box;
  EXPECT_FALSE(box.get().has_value());
}

TEST(InFlight, TellsTheRequestUntilItIsCleared) {
  InFlightBox box;
  box.set(12345, 7, ipv6_peer(), "DELETE", "/orders/17");
  const auto request = box.get();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->started_ns, 12345U);
  EXPECT_EQ(request->request_id, 7U);
  EXPECT_EQ(request->method, "DELETE");
  EXPECT_EQ(request->path, "/orders/17");
  EXPECT_EQ(to_string(request->peer), "[2001:db8::1]:65535");
  box.clear();
  EXPECT_FALSE(box.get().has_value());
}

TEST(InFlight, PathsOfEveryLengthComeBackCutAtTheLimit) {
  InFlightBox box;
  for (std::size_t size = 0; size <= InFlightRequest::kMaxPathBytes + 9; ++size) {
    std::string path;
    for (std::size_t i = 0; i < size; ++i) {
      path += static_cast<char>('a' + (i + size) % 26);
    }
    box.set(1, size, ipv4_peer(1, 1), "GET", path);
    const auto request = box.get();
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->path, path.substr(0, InFlightRequest::kMaxPathBytes));
  }
}

TEST(InFlight, AShortRequestAfterALongOneShowsNothingOfIt) {
  InFlightBox box;
  box.set(1, 1, ipv6_peer(), "PROPPATCH", std::string(200, 'x'));
  ASSERT_EQ(box.get()->method, "PROPPATC");
  ASSERT_EQ(box.get()->path.size(), InFlightRequest::kMaxPathBytes);
  box.set(2, 2, ipv4_peer(7, 80), "GET", "/");
  EXPECT_EQ(box.get()->method, "GET");
  EXPECT_EQ(box.get()->path, "/");
  EXPECT_EQ(to_string(box.get()->peer), "192.0.2.7:80");
}

TEST(InFlight, ARequestThatGoesOnIsTheSameInItsNextPhase) {
  InFlightBox box;
  box.set(12345, 7, ipv6_peer(), "POST", "/orders", RequestPhase::reading);
  EXPECT_EQ(box.get()->phase, RequestPhase::reading);
  for (const RequestPhase phase :
       {RequestPhase::queued, RequestPhase::deferred, RequestPhase::sending}) {
    box.move_to(phase);
    const auto request = box.get();
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->phase, phase);
    EXPECT_EQ(request->request_id, 7U);
    EXPECT_EQ(request->method + " " + request->path, "POST /orders");
    EXPECT_EQ(to_string(request->peer), "[2001:db8::1]:65535");
  }
}

TEST(InFlight, EachPhaseHasItsName) {
  const std::string_view names[] = {"reading", "queued", "handling", "deferred", "sending"};
  for (std::size_t i = 0; i < kRequestPhases; ++i) {
    EXPECT_EQ(to_string(static_cast<RequestPhase>(i)), names[i]);
  }
}

TEST(InFlight, PathsMayHoldAnyByte) {
  InFlightBox box;
  const std::string path("/a\0b\xff", 5);
  box.set(1, 1, {}, "GET", path);
  EXPECT_EQ(box.get()->path, path);
}

TEST(InFlight, AWorkerKilledInARequestLeavesItAsItsLastWords) {
  SharedValue<InFlightBox> box;
  Gate in_request;
  ForkedChild worker([&] {
    box->set(99, 3, ipv4_peer(9, 4711), "POST", "/crash");
    in_request.open();
    testing_ipc::stand_still();
  });
  in_request.wait();
  ASSERT_EQ(worker.kill_and_wait(), 128 + SIGKILL);
  const auto request = box->get();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method + " " + request->path, "POST /crash");
  EXPECT_EQ(to_string(request->peer), "192.0.2.9:4711");
}

TEST(InFlight, AReaderNeverSeesPartsOfTwoRequests) {
  constexpr int kDifferentRequests = 300;
  InFlightBox box;
  std::atomic<bool> enough{false};
  std::thread worker([&box, &enough] {
    for (std::uint64_t id = 1; !enough.load(std::memory_order_relaxed); ++id) {
      const char letter = static_cast<char>('a' + id % 26);
      const std::string path(id % (InFlightRequest::kMaxPathBytes + 1), letter);
      box.set(id, id, ipv4_peer(static_cast<std::uint8_t>(id), static_cast<std::uint16_t>(id)),
              std::string(1 + id % 8, letter), path);
      if (id % 64 == 0) {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t last = 0;
  int torn = 0;
  for (int different = 0; different < kDifferentRequests;) {
    const auto request = box.get();
    if (!request) {
      continue;
    }
    const std::uint64_t id = request->request_id;
    const char letter = static_cast<char>('a' + id % 26);
    const bool whole =
        request->started_ns == id && request->method == std::string(1 + id % 8, letter) &&
        request->path == std::string(id % (InFlightRequest::kMaxPathBytes + 1), letter) &&
        request->peer.port == static_cast<std::uint16_t>(id) &&
        request->peer.bytes[3] == static_cast<std::uint8_t>(id);
    torn += whole ? 0 : 1;
    if (id != last) {
      ++different;
    } else {
      std::this_thread::yield();
    }
    last = id;
  }
  enough.store(true, std::memory_order_relaxed);
  worker.join();
  EXPECT_EQ(torn, 0);
}

TEST(InFlight, APathLengthBeyondTheBoxIsClamped) {
  InFlightBox box;
  scribble(box, 0xFE);
  const auto request = box.get();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->path, std::string(InFlightRequest::kMaxPathBytes, '\xFE'));
  EXPECT_EQ(request->method, std::string(InFlightRequest::kMaxMethodBytes, '\xFE'));
  EXPECT_EQ(to_string(request->peer), "unknown");
}

TEST(InFlight, NoBytesInTheBoxAreMoreThanARequestOrNone) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    InFlightBox box;
    std::uint64_t words[sizeof(InFlightBox) / 8];
    for (std::uint64_t& word : words) {
      word = random();
    }
    std::memcpy(static_cast<void*>(&box), words, sizeof words);
    const auto request = box.get();
    if (request) {
      EXPECT_LE(request->path.size(), InFlightRequest::kMaxPathBytes);
      EXPECT_LE(request->method.size(), InFlightRequest::kMaxMethodBytes);
      EXPECT_FALSE(to_string(request->phase).empty());
      EXPECT_FALSE(to_string(request->peer).empty());
    }
    box.set(1, 2, {}, "GET", "/mended");
    EXPECT_EQ(box.get()->path, "/mended");
  }
}

TEST(PeerAddress, IsWrittenWithAndWithoutItsPort) {
  EXPECT_EQ(to_string(ipv4_peer(7, 4711)), "192.0.2.7:4711");
  EXPECT_EQ(host_of(ipv4_peer(7, 4711)), "192.0.2.7");
  EXPECT_EQ(to_string(ipv6_peer()), "[2001:db8::1]:65535");
  EXPECT_EQ(host_of(ipv6_peer()), "2001:db8::1");
  PeerAddress peer;
  EXPECT_EQ(to_string(peer), "unknown");
  EXPECT_EQ(host_of(peer), "unknown");
  peer.family = PeerAddress::Family::local;
  peer.port = 1;
  EXPECT_EQ(to_string(peer), "unix");
  EXPECT_EQ(host_of(peer), "unix");
}

}  // namespace
}  // namespace prefork::ipc
