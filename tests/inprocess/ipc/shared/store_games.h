// What players do with what keeps values, pieces of bytes or a budget; see games.h.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/topic.h"
#include "tests/inprocess/ipc/shared/changes.h"
#include "tests/inprocess/ipc/shared/player.h"
#include "tests/unit/ipc/shared/waiting.h"

namespace prefork::ipc::testing_ipc {

struct NumberGame {
  void play(Player& player) {
    player.begin();
    if (player.one_in(2)) {
      number.add(1);
    } else {
      std::int64_t expected = number.get();
      while (!number.replace(expected, expected + 1)) {
      }
    }
    changes.add();
    player.end();
  }
  void finish(Player&, std::uint64_t killed) {
    PREFORK_CHECK(changes.fits(static_cast<std::uint64_t>(number.get()), killed));
  }

  SharedNumber number;
  Spoken changes;
};

struct RateLimitGame {
  static constexpr Rate kRate{20'000, 5};

  void play(Player& player) {
    player.begin();
    const std::uint64_t wait_ns = limit.take(kRate, 1, monotonic_ns());
    // Nobody has taken more than there was.
    PREFORK_CHECK(wait_ns <= kRate.interval_ns);
    if (wait_ns == 0) {
      taken.add();
    }
    player.end();
  }
  void finish(Player&, std::uint64_t) {
    const std::uint64_t now_ns = monotonic_ns();
    PREFORK_CHECK(taken.number() <= kRate.burst + (now_ns - start_ns) / kRate.interval_ns);
    PREFORK_CHECK(limit.available(kRate, now_ns + kRate.interval_ns * kRate.burst) == kRate.burst);
  }

  const std::uint64_t start_ns = monotonic_ns();
  RateLimit limit;
  Spoken taken;
};

struct QueueGame {
  static constexpr ByteQueue::Shape kShape{4, 64};
  // The first so many pieces are looked at whether they come twice.
  static constexpr std::uint64_t kRemembered = std::uint64_t{1} << 24;
  using Piece = std::array<std::uint64_t, kShape.cell_bytes / sizeof(std::uint64_t)>;

  void play(Player& player) {
    player.begin();
    player.one_in(2) ? push(player) : pop(player);
    player.end();
  }
  void finish(Player& player, std::uint64_t killed) {
    const std::uint64_t gone = popped.number() + queue().depth();
    PREFORK_CHECK(gone <= pushed.number() + killed && pushed.number() <= gone + killed);
    for (std::uint64_t left = queue().depth(); left > 0; --left) {
      PREFORK_CHECK(pop(player, kPatienceNs));
    }
    PREFORK_CHECK(!pop(player, 0));
    for (std::uint32_t i = 0; i < kShape.cells; ++i) {
      PREFORK_CHECK(push(player, kPatienceNs));
    }
    PREFORK_CHECK(!push(player, 0));
  }

  QueueState state;
  std::array<std::byte, 512> cells{};
  std::atomic<std::uint64_t> serial{0};
  Spoken pushed;
  Spoken popped;
  std::array<std::atomic<std::uint64_t>, kRemembered / 64> seen{};

 private:
  ByteQueue queue() { return {state, cells.data(), kShape}; }
  void push(Player& player) { push(player, player.short_ns()); }
  void pop(Player& player) { pop(player, player.short_ns()); }
  bool push(Player& player, std::uint64_t timeout_ns) {
    Piece piece;
    piece.fill(serial.fetch_add(1) + 1);
    const bool done =
        queue().push(player.name(), std::as_bytes(std::span(piece)), timeout_ns) == Outcome::done;
    if (done) {
      pushed.add();
    }
    return done;
  }
  bool pop(Player& player, std::uint64_t timeout_ns) {
    Piece piece{};
    const auto got =
        queue().pop(player.name(), std::as_writable_bytes(std::span(piece)), timeout_ns);
    if (got.outcome != Outcome::done) {
      return false;
    }
    popped.add();
    PREFORK_CHECK(got.size == sizeof piece && piece[0] != 0);
    PREFORK_CHECK(std::all_of(piece.begin(), piece.end(),
                              [&](std::uint64_t part) { return part == piece[0]; }));
    if (piece[0] < kRemembered) {
      const std::uint64_t bit = std::uint64_t{1} << piece[0] % 64;
      PREFORK_CHECK((seen[piece[0] / 64].fetch_or(bit) & bit) == 0);
    }
    return true;
  }
};

struct MapGame {
  static constexpr std::uint32_t kSlots = 16;
  static constexpr std::uint32_t kKeys = 8;

  void play(Player& player) {
    player.begin();
    player.one_in(2) ? count() : change(player);
    player.end();
  }
  void finish(Player& player, std::uint64_t killed) {
    count();
    PREFORK_CHECK(changes.fits(std::stoull(get("count").first), killed));
    for (std::uint32_t i = 0; i < 8 * kKeys; ++i) {
      change(player);
    }
    for (std::uint32_t i = 0; i < kKeys; ++i) {
      PREFORK_CHECK(map().erase("key " + std::to_string(i), ByteMap::kAnyVersion) ==
                    ByteMap::Change::done);
    }
    PREFORK_CHECK(map().used() == 1);
  }

  MapState state;
  std::array<MapSlot, kSlots> slots;
  Spoken changes;

 private:
  ByteMap map() { return {state, slots.data(), kSlots}; }
  // The value and its version, which is 0 when there is none.
  std::pair<std::string, std::uint64_t> get(const std::string& key) {
    std::array<char, ByteMap::kMaxValueBytes> room{};
    const auto found = map().get(key, room.data());
    return found ? std::pair(std::string(room.data(), found->size), found->version)
                 : std::pair(std::string(), std::uint64_t{0});
  }
  // A step for each: what was read is still there when it is replaced.
  void count() {
    const auto [before, version] = get("count");
    const std::uint64_t next = version != 0 ? std::stoull(before) + 1 : 1;
    if (map().put("count", std::to_string(next), version) == ByteMap::Change::done) {
      changes.add();
    }
  }
  void change(Player& player) {
    const std::string key = "key " + std::to_string(player.below(kKeys));
    const auto [value, version] = get(key);
    PREFORK_CHECK(version == 0 ||
                  (value.starts_with(key) &&
                   value.find_first_not_of(value.back(), key.size()) == std::string::npos));
    const std::size_t size = 1 + player.below(ByteMap::kMaxValueBytes - 8);
    const char letter = static_cast<char>('a' + player.below(26));
    if (player.one_in(4)) {
      map().erase(key, ByteMap::kAnyVersion);
    } else {
      map().put(key, key + std::string(size, letter), version);
    }
  }
};

struct TopicGame {
  static constexpr Topic::Shape kShape{8, 64};
  using Piece = std::array<std::uint64_t, kShape.cell_bytes / sizeof(std::uint64_t)>;

  void play(Player& player) {
    player.begin();
    if (player.one_in(2)) {
      publish();
    } else {
      follow();
    }
    player.end();
  }
  void finish(Player&, std::uint64_t killed) {
    PREFORK_CHECK(published.fits(topic().published(), killed));
    Topic::Cursor cursor{topic().published()};
    for (std::uint64_t i = 0; i < kShape.cells; ++i) {
      PREFORK_CHECK(publish());
    }
    std::string piece;
    for (std::uint64_t i = 0; i < kShape.cells; ++i) {
      PREFORK_CHECK(topic().read(cursor, piece));
    }
    PREFORK_CHECK(!topic().read(cursor, piece) && cursor.lost == 0);
  }

  TopicState state;
  std::array<std::byte, 1024> cells{};
  std::atomic<std::uint64_t> serial{0};
  Spoken published;

 private:
  Topic topic() { return {state, cells.data(), kShape}; }
  bool publish() {
    Piece piece;
    piece.fill(serial.fetch_add(1) + 1);
    const bool done = topic().publish(std::as_bytes(std::span(piece))) == Outcome::done;
    if (done) {
      published.add();
    }
    return done;
  }
  // Each number is a piece that came whole, or one that is told as lost.
  void follow() {
    static Topic::Cursor mine{topic().published()};  // of this process
    const std::uint64_t from = mine.next;
    std::uint64_t whole = 0;
    mine.lost = 0;
    for (std::string text; whole < kShape.cells && topic().read(mine, text); ++whole) {
      Piece piece{};
      PREFORK_CHECK(text.size() == sizeof piece);
      std::memcpy(piece.data(), text.data(), sizeof piece);
      PREFORK_CHECK(piece[0] != 0 && std::count(piece.begin(), piece.end(), piece[0]) ==
                                         static_cast<std::ptrdiff_t>(piece.size()));
    }
    PREFORK_CHECK(mine.next == from + whole + mine.lost);
  }
};

}  // namespace prefork::ipc::testing_ipc
