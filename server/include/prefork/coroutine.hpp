// Coroutines on a worker's event loop: prefork::Task, what a coroutine returns that may wait. A
// handler that returns a Task<Response> runs on the event loop and holds no thread while it waits
// (see await.hpp for what it may wait for):
//
//   app.get("/price/{id}", [](prefork::Request request) -> prefork::Task<prefork::Response> {
//     const std::string id(request.parameter("id"));
//     co_await prefork::sleep(10ms);
//     co_return prefork::text(id);
//   });
//
// Rules. Parameters are taken by value: what a reference refers to may be gone after the first
// wait. What a lambda that is a handler captures lives as long as the App, and may be used after a
// wait. A Task does nothing until it is awaited (co_await), which is done once, on the event loop;
// one that is destroyed before it has finished ends where it waits, and so do those that it waits
// for: destructors run, and nothing is waited for any more. One thread: the event loop's.
//
// Three traps of g++ 12. In the condition of a loop, co_await behind && or || is evaluated always,
// and a co_return of a conditional expression with co_await in it returns what is gone: there it
// gets a statement of its own. And an object without constructors of its own that has a destructor,
// as a closure with captures or an aggregate, is destroyed twice when it is made within an
// expression with co_await: it gets a name first (auto work = [text] { ... }; co_await
// prefork::on_pool(work);).
#pragma once

#include <prefork/cxx20.hpp>

// clang 14 can do what the header of libstdc++ asks for, but does not say so.
#if defined(__clang__) && !defined(__cpp_impl_coroutine)
#define __cpp_impl_coroutine 201902L
#endif

#include <cerrno>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <prefork/abi.h>
#include <prefork/log.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

template <typename Result = void>
class Task;

namespace detail {

class Pause;

// What the coroutines that wait for each other have in common. In the first of them.
struct Root {
  const prefork_api* api = nullptr;
  prefork_app* app = nullptr;
  Pause* pause = nullptr;     // null: it does not wait
  bool is_cancelled = false;  // to be destroyed at its next chance
  // Called when the first of them has come to its end, or is to be destroyed; may destroy it.
  void (*on_end)(void* owner) = nullptr;
  void* owner = nullptr;

  // True: the coroutines may be destroyed now. False: on_end is called when they may.
  bool cancel();
  // What was waited for is there.
  void go_on(std::coroutine_handle<> coroutine) {
    pause = nullptr;
    if (is_cancelled && on_end != nullptr) {
      on_end(owner);
    } else {
      coroutine.resume();
    }
  }
  // Before a wait begins. Throws when nobody wants the coroutine to go on.
  void check() const {
    if (is_cancelled) {
      throw std::runtime_error("nobody waits for this coroutine any more");
    }
  }
};

struct PromiseBase {
  // A coroutine that was started by the one that awaits it, and finishes within that call, does not
  // resume it: so a loop over many that do not wait needs no stack.
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const PromiseBase& promise = ended.promise();
      if (promise.is_starting) {
        return;
      }
      if (promise.awaiting) {
        promise.awaiting.resume();
      } else if (promise.root->on_end != nullptr) {
        promise.root->on_end(promise.root->owner);
      }
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() { error = std::current_exception(); }

  Root own;
  Root* root = nullptr;
  std::coroutine_handle<> awaiting;
  std::exception_ptr error;
  bool is_starting = false;
};

template <typename Result>
struct Promise : PromiseBase {
  static_assert(!std::is_reference_v<Result>, "a Task has a value, not a reference");

  Task<Result> get_return_object();
  void return_value(Result value) { result.emplace(std::move(value)); }
  Result take() {
    if (error) {
      std::rethrow_exception(error);
    }
    return std::move(*result);
  }

  std::optional<Result> result;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const {}
  void take() const {
    if (error) {
      std::rethrow_exception(error);
    }
  }
};

template <typename Awaiting>
concept IsTask = std::derived_from<Awaiting, PromiseBase>;

// The place where a coroutine waits.
class Pause {
 public:
  Pause() = default;
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  // True: it is not waited for any more, and what waits may be destroyed. False: not yet; whoever
  // comes back tells it (go_on).
  virtual bool cancel() = 0;

 protected:
  ~Pause() = default;

  // First of all. Throws when nobody wants the coroutine to go on.
  template <IsTask Awaiting>
  void arrive(std::coroutine_handle<Awaiting> awaiting) {
    root_ = awaiting.promise().root;
    coroutine_ = awaiting;
    root_->check();
  }
  // From here on it may be cancelled. Every arrival that returns is followed by this, or by going
  // on within await_suspend (false).
  void begin() { root_->pause = this; }
  // What was waited for is there, or will never be (PREFORK_GONE). May destroy this.
  void go_on(prefork_status how) {
    root_->is_cancelled = root_->is_cancelled || how == PREFORK_GONE;
    root_->go_on(coroutine_);
  }

  // Once it has arrived.
  [[nodiscard]] const prefork_api& api() const { return *root_->api; }
  [[nodiscard]] prefork_app* app() const { return root_->app; }

 private:
  Root* root_ = nullptr;
  std::coroutine_handle<> coroutine_;
};

inline bool Root::cancel() {
  is_cancelled = true;
  return pause != nullptr && pause->cancel();
}

}  // namespace detail

template <typename Result>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<Result>;

  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_) {
      coroutine_.destroy();
    }
  }

  // What co_await gives: its value; what it throws is thrown.
  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    bool await_ready() const noexcept { return false; }
    template <detail::IsTask Awaiting>
    bool await_suspend(std::coroutine_handle<Awaiting> awaiting) {
      promise_type& promise = coroutine_.promise();
      promise.root = awaiting.promise().root;
      promise.awaiting = awaiting;
      promise.is_starting = true;
      coroutine_.resume();
      promise.is_starting = false;
      return !coroutine_.done();
    }
    Result await_resume() { return coroutine_.promise().take(); }

   private:
    std::coroutine_handle<promise_type> coroutine_;
  };
  Awaiter operator co_await() && { return Awaiter(coroutine_); }
  Awaiter operator co_await() & = delete;  // it is awaited once: co_await std::move(task)

  // For the layer below: begins it, as the first of a chain. True: it has finished.
  bool start(const prefork_api& api, prefork_app* app) {
    promise_type& promise = coroutine_.promise();
    promise.root = &promise.own;
    promise.own.api = &api;
    promise.own.app = app;
    promise.is_starting = true;
    coroutine_.resume();
    promise.is_starting = false;
    return coroutine_.done();
  }
  [[nodiscard]] bool is_done() const { return coroutine_.done(); }
  detail::Root& root() { return coroutine_.promise().own; }
  // For the layer below, of one that is done.
  Result take() { return coroutine_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <typename Result>
Task<Result> Promise<Result>::get_return_object() {
  return Task<Result>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

template <typename Thing>
inline constexpr bool is_task = false;
template <typename Result>
inline constexpr bool is_task<Task<Result>> = true;

// Throws std::runtime_error when the server is older than what coroutines need.
inline void require_loop(const prefork_api& api, const char* what) {
  if (!PREFORK_HAS(&api, read_topic)) {
    throw std::runtime_error(std::string(what) + " need a newer server than this one");
  }
}

// A wait of the server's, as the place where a coroutine waits.
class LoopPause : public Pause {
 public:
  bool cancel() override {
    stop();
    return true;
  }

 protected:
  LoopPause() = default;
  ~LoopPause() { stop(); }

  // `wait(api, app)` returns the wait. Throws std::system_error when there is none.
  template <IsTask Awaiting, typename Wait>
  void suspend(std::coroutine_handle<Awaiting> awaiting, Wait wait) {
    arrive(awaiting);
    wait_ = wait(api(), app());
    if (wait_ == nullptr) {
      throw std::system_error(errno, std::generic_category(), "a coroutine cannot wait here");
    }
    begin();
  }
  // For the server.
  static void told(void* self, prefork_status how) {
    auto& pause = *static_cast<LoopPause*>(self);
    pause.wait_ = nullptr;
    pause.go_on(how);
  }

 private:
  void stop() {
    if (wait_ != nullptr) {
      api().cancel_wait(std::exchange(wait_, nullptr));
    }
  }

  prefork_wait* wait_ = nullptr;
};

}  // namespace detail

}  // namespace v1
}  // namespace prefork
