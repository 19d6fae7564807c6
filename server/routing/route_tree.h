// All patterns of a router as a tree of their parts, and the search in it. Text beats a parameter
// and a parameter beats a wildcard, decided at the first part in which two patterns differ; where
// the better one leads nowhere the other is tried.
//
// A search enters each node of the tree at most once, however long the path is and however it is
// made, because a node stands for one way of taking the path's first parts; and it looks at each
// byte of the path once to divide it. Filled at start-up by one thread, then only read, by any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange/application.h"
#include "server/routing/route_pattern.h"

namespace prefork::routing {

class RouteTree {
 public:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // The number of the pattern that has these parts: the next one from 0 on, or the one it got
  // before. Patterns that differ only in the names of parameters are the same.
  std::uint32_t add(const std::vector<RoutePart>& parts);

  struct Child {
    std::string text;
    std::uint32_t node = kNone;
  };
  struct Node {
    std::vector<Child> children;      // ordered by size, then by text
    std::uint32_t parameter = kNone;  // node behind a parameter
    std::uint32_t pattern = kNone;    // that ends here
    std::uint32_t wildcard = kNone;   // pattern that ends with a wildcard here

    [[nodiscard]] std::uint32_t find(std::string_view text) const;
  };

  // The root is node 0.
  [[nodiscard]] const Node& node(std::uint32_t number) const { return nodes_[number]; }
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

 private:
  std::uint32_t add_node();
  std::uint32_t add_child(std::uint32_t parent, std::string_view text);

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::uint32_t pattern_count_ = 0;
};

// A search for the patterns that match a path, best first. Fills in the values of the parameters,
// not the names: those may be others for each method. All four must outlive it.
class RouteSearch {
 public:
  // `path` is what values are taken from, `segments` the same as it is divided and compared; see
  // Request::path_segments().
  RouteSearch(const RouteTree& tree, std::string_view path, std::string_view segments,
              exchange::RouteParameters& parameters);

  // The number of the next pattern, with its values in `parameters`; or kNone, without values.
  std::uint32_t next();

  // Nodes entered so far.
  [[nodiscard]] std::size_t steps() const { return steps_; }

 private:
  // What to try next for the part of the path at this node.
  enum class Stage : std::uint8_t { text, parameter, wildcard, leave };
  struct Frame {
    std::uint32_t node;
    Stage stage;
    std::uint8_t values;  // parameters before this part
  };

  void enter(std::uint32_t node);
  void divide(std::size_t depth);
  [[nodiscard]] std::string_view part(std::string_view of, std::size_t depth) const;

  const RouteTree& tree_;
  const std::string_view path_;
  const std::string_view segments_;
  exchange::RouteParameters& parameters_;
  std::size_t depth_ = 0;    // frames in use
  std::size_t divided_ = 0;  // parts of the path whose ends are known
  std::size_t steps_ = 0;
  // Not initialised: filled as far as the search gets.
  std::array<Frame, kMaxRouteParts + 1> frames_;
  std::array<std::size_t, kMaxRouteParts + 2> starts_;  // of parts; one beyond the path: no part
};

}  // namespace prefork::routing
