// Routes that are not answered for a while, because they took workers with them. The master bans,
// every worker asks before it calls a handler. A ban ends by a trial: whoever asks first after its
// time lets one request through and keeps the others out for kTrialNs more; if no worker has died
// of it by then, the next to ask lifts the ban. Nobody has to come back for that.
//
// Lives in the statistics segment; all zero: nothing is banned. Any process, any thread; ban() and
// clear(): the master alone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/seqlock.h"

namespace prefork::ipc {

// A route of one build of the application. Number 0: nobody's.
struct RouteKey {
  std::uint32_t generation = 0;
  std::uint16_t route = 0;

  auto operator<=>(const RouteKey&) const = default;
};

class RouteBans {
 public:
  static constexpr std::size_t kLines = 64;
  static constexpr std::uint64_t kTrialNs = 2'000'000'000;

  struct Ban {
    RouteKey key;
    std::string request;  // one that was blamed: "GET /orders/17", cut
    std::uint64_t until_ns = 0;
    bool is_on_trial = false;
  };

  // Whether there is any ban: what each request pays.
  [[nodiscard]] bool has_any() const { return used_.load(std::memory_order_relaxed) != 0; }
  // Nothing: it may be answered. Else how much longer it is not.
  [[nodiscard]] std::optional<std::uint64_t> banned_for_ns(RouteKey key, std::uint64_t now_ns);

  // Anew, if it is banned already. False: there is no line left.
  bool ban(RouteKey key, std::string_view request, std::uint64_t until_ns);
  void clear();

  [[nodiscard]] std::vector<Ban> list() const;

 private:
  static constexpr std::size_t kTextWords = 12;

  struct Line {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::uint64_t> state{0};  // until when, and whether on trial; 0: the line is free
    SeqlockBox<kTextWords> request;
  };

  void free(Line& line, std::uint64_t seen);

  std::atomic<std::uint32_t> used_{0};  // lines
  std::array<Line, kLines> lines_;
};

}  // namespace prefork::ipc
