#include "server/routing/route_tree.h"

#include <algorithm>

namespace prefork::routing {

namespace {

// Sizes differ more often than first bytes do, and are compared faster.
bool comes_before(std::string_view left, std::string_view right) {
  return left.size() != right.size() ? left.size() < right.size() : left < right;
}

}  // namespace

std::uint32_t RouteTree::Node::find(std::string_view text) const {
  const auto child = std::lower_bound(
      children.begin(), children.end(), text,
      [](const Child& known, std::string_view wanted) { return comes_before(known.text, wanted); });
  return child != children.end() && child->text == text ? child->node : kNone;
}

std::uint32_t RouteTree::add_node() {
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t RouteTree::add_child(std::uint32_t parent, std::string_view text) {
  if (const std::uint32_t known = nodes_[parent].find(text); known != kNone) {
    return known;
  }
  const std::uint32_t node = add_node();
  std::vector<Child>& children = nodes_[parent].children;
  const auto place = std::find_if(children.begin(), children.end(), [text](const Child& child) {
    return comes_before(text, child.text);
  });
  children.insert(place, {std::string(text), node});
  return node;
}

std::uint32_t RouteTree::add(const std::vector<RoutePart>& parts) {
  std::uint32_t at = 0;
  bool ends_with_wildcard = false;
  for (const RoutePart& part : parts) {
    switch (part.kind) {
      case RoutePart::Kind::text:
        at = add_child(at, part.text);
        break;
      case RoutePart::Kind::parameter:
        if (nodes_[at].parameter == kNone) {
          const std::uint32_t node = add_node();
          nodes_[at].parameter = node;
        }
        at = nodes_[at].parameter;
        break;
      case RoutePart::Kind::wildcard:
        ends_with_wildcard = true;
        break;
    }
  }
  std::uint32_t& pattern = ends_with_wildcard ? nodes_[at].wildcard : nodes_[at].pattern;
  if (pattern == kNone) {
    pattern = pattern_count_++;
  }
  return pattern;
}

RouteSearch::RouteSearch(const RouteTree& tree, std::string_view path, std::string_view segments,
                         exchange::RouteParameters& parameters)
    : tree_(tree), path_(path), segments_(segments), parameters_(parameters) {
  parameters_.count = 0;
  if (path_.starts_with('/')) {
    starts_[0] = 1;
    enter(0);
  }
}

void RouteSearch::enter(std::uint32_t node) {
  frames_[depth_++] = {node, Stage::text, static_cast<std::uint8_t>(parameters_.count)};
  ++steps_;
}

// Finds the end of a part, once.
void RouteSearch::divide(std::size_t depth) {
  if (divided_ == depth) {
    starts_[depth + 1] = std::min(segments_.find('/', starts_[depth]), segments_.size()) + 1;
    ++divided_;
  }
}

std::string_view RouteSearch::part(std::string_view of, std::size_t depth) const {
  return of.substr(starts_[depth], starts_[depth + 1] - 1 - starts_[depth]);
}

std::uint32_t RouteSearch::next() {
  while (depth_ != 0) {
    const std::size_t depth = depth_ - 1;
    Frame& frame = frames_[depth];
    const RouteTree::Node& node = tree_.node(frame.node);
    switch (frame.stage) {
      case Stage::text:
        if (starts_[depth] > path_.size()) {
          --depth_;
          if (node.pattern != RouteTree::kNone) {
            return node.pattern;
          }
          break;
        }
        divide(depth);
        frame.stage = Stage::parameter;
        if (const std::uint32_t child = node.find(part(segments_, depth));
            child != RouteTree::kNone) {
          enter(child);
        }
        break;
      case Stage::parameter:
        parameters_.count = frame.values;
        frame.stage = Stage::wildcard;
        if (node.parameter != RouteTree::kNone && !part(path_, depth).empty()) {
          parameters_.fields[parameters_.count++].value = part(path_, depth);
          enter(node.parameter);
        }
        break;
      case Stage::wildcard:
        parameters_.count = frame.values;
        frame.stage = Stage::leave;
        if (node.wildcard != RouteTree::kNone && !part(path_, depth).empty() &&
            path_[starts_[depth]] != '/') {
          parameters_.fields[parameters_.count++].value = path_.substr(starts_[depth]);
          return node.wildcard;
        }
        break;
      case Stage::leave:
        parameters_.count = frame.values;
        --depth_;
        break;
    }
  }
  return RouteTree::kNone;
}

}  // namespace prefork::routing
