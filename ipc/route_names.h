// The routes that statistics are kept for, by number: names that every process of the server means
// the same by, for as long as the server lives. Workers add the patterns of their application's
// routes before they serve; nothing that a client sends ever becomes a name, so the number of names
// is known once the application is loaded. In shared memory, without a lock: a worker that dies
// while it adds one leaves a place that nobody uses. Two workers that add the same name at once may
// get two numbers for it; readers add up what has the same name.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::ipc {

// Which of the names a request counts for.
using RouteLabel = std::uint16_t;

// Ahead of the names of routes.
inline constexpr RouteLabel kUnmatchedRoute = 0;  // none has answered
inline constexpr RouteLabel kFilesRoute = 1;      // a folder's files
inline constexpr RouteLabel kOtherRoute = 2;      // there was no room for its name
inline constexpr RouteLabel kFirstNamedRoute = 3;

inline constexpr std::size_t kMaxRouteNames = 256;
inline constexpr std::size_t kMaxRouteLabels = kFirstNamedRoute + kMaxRouteNames;
// Longer patterns are counted together, as kOtherRoute.
inline constexpr std::size_t kMaxRouteNameBytes = 120;

class RouteNames {
 public:
  // The label of a pattern; adds it where it is new. Any process that may write.
  RouteLabel label_of(std::string_view pattern);
  // Of an application's routes, by their number (from 1, see RouteMatch); at 0 those without one.
  std::vector<RouteLabel> labels_of(const std::vector<std::string>& patterns);

  // One past the highest label that is in use.
  [[nodiscard]] std::size_t labels() const;
  // What readers call it: the pattern, or `unmatched`, `files`, `_other`. Empty: a place that
  // nobody uses.
  [[nodiscard]] std::string name_of(RouteLabel label) const;

 private:
  enum class State : std::uint32_t { free = 0, writing = 1, ready = 2 };

  struct Entry {
    std::atomic<State> state{State::free};
    std::atomic<std::uint32_t> size{0};
    std::array<std::atomic<std::uint64_t>, kMaxRouteNameBytes / sizeof(std::uint64_t)> words{};

    [[nodiscard]] std::string text() const;
    void set_text(std::string_view text);
    // Whether it is written, or will be in a moment.
    [[nodiscard]] bool becomes_ready() const;
  };

  std::array<Entry, kMaxRouteNames> entries_{};
};

}  // namespace prefork::ipc
