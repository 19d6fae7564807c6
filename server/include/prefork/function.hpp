// A function that is handed in and kept: as std::function, but what is moved in need not be
// copyable. Called by several threads at once if what it holds can be.
#pragma once

#include <prefork/cxx20.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace prefork {
inline namespace v1 {
namespace detail {

template <typename Signature>
class Function;

// A function of its own, as its name is what a stack shows: the callable comes early in it, and
// with that the application.
template <typename Callable, typename Result, typename... Arguments>
Result call_target(void* target, Arguments... arguments) {
  return (*static_cast<Callable*>(target))(std::forward<Arguments>(arguments)...);
}

template <typename Result, typename... Arguments>
class Function<Result(Arguments...)> {
 public:
  // None.
  Function() = default;
  template <typename Callable>
  explicit Function(Callable callable)
      : target_(new Callable(std::move(callable)),
                [](void* target) { delete static_cast<Callable*>(target); }),
        call_(call_target<Callable, Result, Arguments...>) {}

  explicit operator bool() const { return call_ != nullptr; }
  Result operator()(Arguments... arguments) const {
    return call_(target_.get(), std::forward<Arguments>(arguments)...);
  }

 private:
  std::unique_ptr<void, void (*)(void*)> target_{nullptr, [](void*) {}};
  Result (*call_)(void* target, Arguments... arguments) = nullptr;
};

template <typename Callable>
inline constexpr bool kIsStdFunction = false;
template <typename Signature>
inline constexpr bool kIsStdFunction<std::function<Signature>> = true;

// Whether `callable` is a null pointer or an empty std::function.
template <typename Callable>
bool is_none([[maybe_unused]] const Callable& callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return true;
  } else if constexpr (std::is_pointer_v<Callable> || kIsStdFunction<Callable>) {
    return callable == nullptr;
  } else {
    return false;
  }
}

// For a static_assert that fails where it is reached.
template <typename...>
inline constexpr bool kNever = false;

}  // namespace detail
}  // namespace v1
}  // namespace prefork
