// Places in the paths: what was said of everything below a prefix. The layer below App and Group.
// Filled while the application is defined; then any thread.
#pragma once

#include <prefork/cxx20.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/around.hpp>
#include <prefork/run_on.hpp>

namespace prefork {
inline namespace v1 {

struct Place {
  std::string prefix;      // "/admin", "/shops/{shop}"; empty: of all paths
  std::size_t depth = 0;   // parts of the prefix
  Place* outer = nullptr;  // the innermost one that the prefix lies below; null: of all paths
  Around around{};
  Around::Handler not_found{};
  // For routes that say nothing themselves.
  std::string pool{};
  std::optional<Priority> priority{};
  std::uint64_t body_limit = 0;  // bytes; 0: none
};

namespace detail {

// Takes the first part off "/a/b", which begins with a slash.
inline std::string_view take_part(std::string_view& path) {
  const std::string_view part = path.substr(1, path.find('/', 1) - 1);
  path.remove_prefix(part.size() + 1);
  return part;
}

inline bool is_parameter(std::string_view part) { return part.starts_with('{'); }

// Whether each part of `prefix` is the same in `path`; same(part of the prefix, part).
template <typename Same>
bool lies_below(std::string_view path, std::string_view prefix, Same same) {
  while (!prefix.empty()) {
    const std::string_view wanted = take_part(prefix);
    if (!path.starts_with('/') || !same(wanted, take_part(path))) {
      return false;
    }
  }
  return true;
}

inline bool path_lies_below(std::string_view path, std::string_view prefix) {
  return lies_below(path, prefix, [](std::string_view wanted, std::string_view part) {
    return is_parameter(wanted) ? !part.empty() : wanted == part;
  });
}

// Whether all paths of the pattern do.
inline bool pattern_lies_below(std::string_view pattern, std::string_view prefix) {
  return lies_below(pattern, prefix, [](std::string_view wanted, std::string_view part) {
    return is_parameter(wanted) ? is_parameter(part) && !part.ends_with("...}") : wanted == part;
  });
}

// Whether some of them may.
inline bool pattern_may_lie_below(std::string_view pattern, std::string_view prefix) {
  bool is_wildcard = false;
  return lies_below(pattern, prefix,
                    [&](std::string_view wanted, std::string_view part) {
                      is_wildcard = is_wildcard || part.ends_with("...}");
                      return is_wildcard || is_parameter(part) || wanted == part;
                    }) ||
         is_wildcard;
}

}  // namespace detail

class Places {
 public:
  Places() { all_.push_back(std::make_unique<Place>()); }

  // Of all paths.
  [[nodiscard]] Place& root() const { return *all_.back(); }

  // The one that is there already, or a new one. Throws std::invalid_argument, which says why.
  Place& add(std::string_view prefix);

  // The innermost one that `path` lies below: of several the one with the most parts, and of those
  // the one whose parts are fixed where the others' vary.
  [[nodiscard]] Place& of_path(std::string_view path) const {
    return first(
        [path](const Place& place) { return detail::path_lies_below(path, place.prefix); });
  }
  [[nodiscard]] Place& of_pattern(std::string_view pattern) const {
    return first([pattern](const Place& place) {
      return detail::pattern_lies_below(pattern, place.prefix);
    });
  }
  // Whether some of a pattern's paths may lie below a place that others do not lie below.
  [[nodiscard]] bool is_scattered(std::string_view pattern) const {
    const Place& own = of_pattern(pattern);
    return std::ranges::any_of(all_, [&](const auto& place) {
      return place->depth > own.depth && detail::pattern_may_lie_below(pattern, place->prefix);
    });
  }

  template <typename Visit>
  bool any_of(Visit visit) const {
    return std::ranges::any_of(all_, [&](const auto& place) { return visit(*place); });
  }

 private:
  // The root is the last one, and every path lies below it.
  template <typename Matches>
  [[nodiscard]] Place& first(Matches matches) const {
    return **std::ranges::find_if(all_, [&](const auto& place) { return matches(*place); });
  }
  static std::size_t check(std::string_view prefix);
  // "/shops/{shop}" as "/shops/{", so that fixed parts come first in the order of bytes.
  static std::string without_names(std::string_view prefix);
  void find_outer_ones();

  std::vector<std::unique_ptr<Place>> all_;  // in the order in which of_path() looks
};

// The number of parts.
inline std::size_t Places::check(std::string_view prefix) {
  const std::string shown = "group '" + std::string(prefix) + "': ";
  std::size_t parts = 0;
  for (std::string_view rest = prefix; !rest.empty() || parts == 0; ++parts) {
    const std::string_view part = rest.starts_with('/') ? detail::take_part(rest) : "";
    const bool is_parameter =
        part.size() > 2 && part.starts_with('{') && part.find_first_of("{}.", 1) == part.size() - 1;
    if (part.empty() || (!is_parameter && part.find_first_of("{}?#%") != std::string_view::npos)) {
      throw std::invalid_argument(shown + "a prefix is a path like /admin or /shops/{shop}");
    }
  }
  return parts;
}

inline std::string Places::without_names(std::string_view prefix) {
  std::string text;
  while (!prefix.empty()) {
    const std::string_view part = detail::take_part(prefix);
    text.append("/").append(detail::is_parameter(part) ? "{" : part);
  }
  return text;
}

inline Place& Places::add(std::string_view prefix) {
  const std::size_t depth = check(prefix);
  const std::string key = without_names(prefix);
  for (const auto& known : all_) {
    if (known->prefix == prefix) {
      return *known;
    }
    if (without_names(known->prefix) == key) {
      throw std::invalid_argument("group '" + std::string(prefix) + "': the same as group '" +
                                  known->prefix + "'");
    }
  }
  auto added = std::make_unique<Place>();
  added->prefix = prefix;
  added->depth = depth;
  Place& place = *added;
  const auto at = std::ranges::find_if(all_, [&](const auto& known) {
    return known->depth < depth || (known->depth == depth && key < without_names(known->prefix));
  });
  all_.insert(at, std::move(added));
  find_outer_ones();
  return place;
}

inline void Places::find_outer_ones() {
  for (const auto& place : all_) {
    if (place->depth != 0) {
      place->outer = &first([&](const Place& other) {
        return other.depth < place->depth &&
               detail::pattern_lies_below(place->prefix, other.prefix);
      });
      place->around.set_outer(&place->outer->around);
    }
  }
}

}  // namespace v1
}  // namespace prefork
