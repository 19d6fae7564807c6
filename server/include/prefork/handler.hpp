// The forms that a handler may have, and what its result becomes. The base form is
//
//   prefork::Response handler(const prefork::Request& request);
//
// It may take no argument, return text (text/plain) or an int, which is the status (404, without
// content), or nothing (204), and need not be copyable.
#pragma once

#include <prefork/cxx20.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <prefork/function.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

using HandlerFunction = Function<Response(const Request&)>;
using BeforeFunction = Function<std::optional<Response>(const Request&)>;
using AfterFunction = Function<void(const Request&, Response&)>;
using ErrorFunction = Function<Response(const Request&, const std::exception&)>;

// What of a handler's results becomes a response. An int is one, other numbers are not: a number
// of things would be sent as a status.
template <typename Result>
concept Answer = std::is_void_v<Result> || std::same_as < std::remove_cvref_t<Result>,
int > || std::convertible_to<Result, Response> || std::convertible_to<Result, std::string_view>;

template <typename Callable, typename... Arguments>
concept Answering = std::invocable<Callable&, Arguments...> &&
    Answer<std::invoke_result_t<Callable&, Arguments...>>;

template <typename Result>
Response to_response(Result&& result) {
  if constexpr (std::same_as<std::remove_cvref_t<Result>, int>) {
    return Response(result);
  } else if constexpr (std::convertible_to<Result, Response>) {
    return std::forward<Result>(result);
  } else if constexpr (std::convertible_to<Result, std::string>) {
    if constexpr (std::is_pointer_v<std::remove_cvref_t<Result>>) {
      if (result == nullptr) {
        throw std::logic_error("a handler returned a null pointer as text");
      }
    }
    return prefork::text(std::forward<Result>(result));
  } else {
    return prefork::text(std::string(std::string_view(result)));
  }
}

template <typename Callable, typename... Arguments>
Response respond_with(Callable& callable, Arguments&&... arguments) {
  using Result = std::invoke_result_t<Callable&, Arguments...>;
  if constexpr (std::is_void_v<Result>) {
    std::invoke(callable, std::forward<Arguments>(arguments)...);
    return Response(204);
  } else if constexpr (std::same_as<Result, Response>) {
    return std::invoke(callable, std::forward<Arguments>(arguments)...);  // without a move
  } else {
    return to_response(std::invoke(callable, std::forward<Arguments>(arguments)...));
  }
}

// Each of the following is none where `callable` is.

template <typename Callable>
HandlerFunction make_handler(Callable callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return {};
  } else if constexpr (Answering<Callable, const Request&>) {
    return is_none(callable)
               ? HandlerFunction()
               : HandlerFunction([callable = std::move(callable)](const Request& request) mutable {
                   return respond_with(callable, request);
                 });
  } else if constexpr (Answering<Callable>) {
    return is_none(callable)
               ? HandlerFunction()
               : HandlerFunction([callable = std::move(callable)](const Request&) mutable {
                   return respond_with(callable);
                 });
  } else {
    static_assert(kNever<Callable>,
                  "a handler takes (const prefork::Request&) or nothing and returns "
                  "prefork::Response, text (std::string, std::string_view, const char*), an int "
                  "(the status) or void (204); with prefork::deferred before it, it takes "
                  "(prefork::Request, prefork::Responder)");
  }
}

// May return nothing: it then never responds.
template <typename Callable>
BeforeFunction make_before(Callable callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return {};
  } else if constexpr (std::is_invocable_r_v<std::optional<Response>, Callable&, const Request&>) {
    return is_none(callable) ? BeforeFunction() : BeforeFunction(std::move(callable));
  } else if constexpr (std::is_invocable_v<Callable&, const Request&> &&
                       std::is_void_v<std::invoke_result_t<Callable&, const Request&>>) {
    return is_none(callable)
               ? BeforeFunction()
               : BeforeFunction([callable = std::move(callable)](
                                    const Request& request) mutable -> std::optional<Response> {
                   std::invoke(callable, request);
                   return std::nullopt;
                 });
  } else {
    static_assert(kNever<Callable>,
                  "a function before() takes (const prefork::Request&) and returns "
                  "std::optional<prefork::Response> (nothing: go on) or void");
  }
}

template <typename Callable>
AfterFunction make_after(Callable callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return {};
  } else if constexpr (std::invocable<Callable&, const Request&, Response&>) {
    return is_none(callable) ? AfterFunction() : AfterFunction(std::move(callable));
  } else {
    static_assert(kNever<Callable>,
                  "a function after() takes (const prefork::Request&, prefork::Response&)");
  }
}

template <typename Callable>
ErrorFunction make_on_error(Callable callable) {
  if constexpr (std::is_null_pointer_v<Callable>) {
    return {};
  } else if constexpr (Answering<Callable, const Request&, const std::exception&>) {
    return is_none(callable)
               ? ErrorFunction()
               : ErrorFunction([callable = std::move(callable)](
                                   const Request& request, const std::exception& error) mutable {
                   return respond_with(callable, request, error);
                 });
  } else {
    static_assert(kNever<Callable>,
                  "a function on_error() takes (const prefork::Request&, const std::exception&) "
                  "and returns what a handler returns");
  }
}

}  // namespace detail
}  // namespace v1
}  // namespace prefork
