// Where a route's handler runs and how much content it takes, as what stands before the handler
// says (run_on.hpp). The layer below App and Group.
#pragma once

#include <prefork/cxx20.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <prefork/abi.h>
#include <prefork/function.hpp>
#include <prefork/run_on.hpp>

namespace prefork {
inline namespace v1 {

struct RoutePlan {
  prefork_run_on run_on = PREFORK_POOL;
  OnPool pool{};  // with PREFORK_POOL; an empty name and normal priority: the group's
  bool streams_body = false;
  std::optional<std::uint64_t> body_limit{};  // bytes

  void set(OnLoop) { run_on = PREFORK_LOOP; }
  void set(OnPool where) { pool = where; }
  void set(Deferred) { run_on = PREFORK_DEFERRED; }
  void set(Upload upload) {
    pool = upload.pool;
    streams_body = true;
    if (upload.limit != 0) {
      body_limit = upload.limit;
    }
  }
  void set(BodyLimit limit) { body_limit = limit.bytes; }
};

namespace detail {

template <typename T, typename... Kinds>
inline constexpr bool kIsOneOf = (std::same_as<std::remove_cvref_t<T>, Kinds> || ...);
template <typename T>
inline constexpr bool kSaysWhere = kIsOneOf<T, OnLoop, OnPool, Upload, Deferred>;
template <typename T>
inline constexpr bool kSaysHowMuch = kIsOneOf<T, BodyLimit>;

// Of what stands between a route's pattern and its handler, one function each.
template <typename... Said>
constexpr bool is_a_plan() {
  if constexpr (!((kSaysWhere<Said> || kSaysHowMuch<Said>)&&...)) {
    static_assert(kNever<Said...>,
                  "between a route's pattern and its handler, which comes last, stand on_loop, "
                  "on_pool(), upload() or deferred, and body_limit()");
    return false;
  } else if constexpr ((0 + ... + int{kSaysWhere<Said>}) > 1) {
    static_assert(kNever<Said...>,
                  "a handler runs in one place: on_loop, on_pool(), upload() or deferred");
    return false;
  } else if constexpr ((0 + ... + int{kSaysHowMuch<Said> || kIsOneOf<Said, Upload>}) > 1) {
    static_assert(kNever<Said...>, "a route has one limit: that of upload() or body_limit()");
    return false;
  } else {
    return true;
  }
}

}  // namespace detail

}  // namespace v1
}  // namespace prefork
