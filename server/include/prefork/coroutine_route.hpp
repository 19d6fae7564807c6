// A route whose handler is a coroutine: what the server calls for it, and what becomes of it. One
// thread: the event loop's.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <prefork/abi.h>
#include <prefork/around.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/log.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>
#include <prefork/route.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// Whether a function, or an object with one operator(), takes its first parameter by reference.
template <typename Function>
struct TakesReference : std::false_type {};
template <typename Result, typename Parameter>
struct TakesReference<Result (*)(Parameter)> : std::is_reference<Parameter> {};
template <typename Class, typename Result, typename Parameter>
struct TakesReference<Result (Class::*)(Parameter)> : std::is_reference<Parameter> {};
template <typename Class, typename Result, typename Parameter>
struct TakesReference<Result (Class::*)(Parameter) const> : std::is_reference<Parameter> {};
template <typename Object>
requires requires { &Object::operator(); }
struct TakesReference<Object> : TakesReference<decltype(&Object::operator())> {};

template <typename Function>
concept CoroutineHandler = std::is_invocable_v<Function&, Request> &&
    is_task<std::remove_cvref_t<std::invoke_result_t<Function&, Request>>>;

// A handler that waits: what is kept of it. Owns itself, and ends with the coroutine.
class HandlerRun {
 public:
  // `task` waits.
  static void begin(const prefork_api& api, prefork_app* app, const Around& around,
                    const Request& request, Responder responder, Task<Response> task) {
    auto* const run =
        new HandlerRun(api, app, around, request, std::move(responder), std::move(task));
    run->task_.root().owner = run;
    run->task_.root().on_end = [](void* self) { static_cast<HandlerRun*>(self)->end(); };
    run->gone_ = api.wait_gone(request.native().call, told_gone, run);
  }
  ~HandlerRun() {
    if (gone_ != nullptr) {
      api_.cancel_wait(gone_);
    }
  }
  HandlerRun(const HandlerRun&) = delete;
  HandlerRun& operator=(const HandlerRun&) = delete;

 private:
  // A client may close its side with the request and wait for the answer all the same; one whose
  // answer takes longer has left.
  static constexpr std::uint64_t kPatienceNs = 100'000'000;

  HandlerRun(const prefork_api& api, prefork_app* app, const Around& around, const Request& request,
             Responder responder, Task<Response> task)
      : api_(api),
        app_(app),
        around_(around),
        request_(request),
        responder_(std::move(responder)),
        task_(std::move(task)) {}

  static void told_gone(void* self, prefork_status /*how*/) {
    auto& run = *static_cast<HandlerRun*>(self);
    run.gone_ = run.api_.wait_time(run.app_, kPatienceNs, told_over, self);
    if (run.gone_ == nullptr) {
      run.cancel();  // the worker stops
    }
  }
  static void told_over(void* self, prefork_status /*how*/) {
    auto& run = *static_cast<HandlerRun*>(self);
    run.gone_ = nullptr;
    run.cancel();
  }
  void cancel() {
    if (task_.root().cancel()) {
      end();
    }
  }
  void end() {
    const std::unique_ptr<HandlerRun> mine(this);
    if (task_.is_done()) {
      Around::Failure failure;
      Response response = around_.made_by(request_, failure, [this] { return task_.take(); });
      responder_.send(std::move(response), std::move(failure));
    } else {
      responder_.give_up();
    }
  }

  const prefork_api& api_;
  prefork_app* app_;
  const Around& around_;
  const Request request_;
  Responder responder_;
  Task<Response> task_;
  prefork_wait* gone_ = nullptr;
};

}  // namespace detail

namespace detail {

// None where `callable` is.
template <typename Callable>
Route::CoroutineHandler make_coroutine(Callable callable) {
  using Result = std::remove_cvref_t<std::invoke_result_t<Callable&, Request>>;
  static_assert(!TakesReference<Callable>::value,
                "a handler that is a coroutine takes its Request by value: what a reference "
                "refers to is gone after the first co_await that waits");
  static_assert(std::is_same_v<Result, Task<Response>>,
                "a handler that is a coroutine returns a prefork::Task<prefork::Response>");
  if constexpr (std::is_same_v<Result, Task<Response>>) {
    return is_none(callable) ? Route::CoroutineHandler()
                             : Route::CoroutineHandler(std::move(callable));
  } else {
    return {};  // not a second error
  }
}

inline void run_coroutine(const Route& route, const prefork_request& native, prefork_response* to) {
  const Around& around = route.around_of(native);
  const Request request(route.api, native);
  Responder responder(route.api, route.app, around, request, to);
  Around::Failure failure;
  if (auto early = around.respond_before(request, failure)) {
    responder.send(std::move(*early), std::move(failure));
    return;
  }
  Task<Response> task = route.handlers.coroutine(request);
  if (!task.start(route.api, route.app)) {
    HandlerRun::begin(route.api, route.app, around, request, std::move(responder), std::move(task));
    return;
  }
  Response response = around.made_by(request, failure, [&task] { return task.take(); });
  responder.send(std::move(response), std::move(failure));
}

// `data` is a Route.
inline void handle_coroutine(void* data, const prefork_request* native, prefork_response* to) {
  const Route& route = *static_cast<const Route*>(data);
  try {
    run_coroutine(route, *native, to);
  } catch (...) {
    // The responder has answered with a 500.
    route.api.log(route.app, static_cast<int>(LogLevel::error),
                  text("a coroutine could not be started: out of memory"));
  }
}

}  // namespace detail

}  // namespace v1
}  // namespace prefork
