// The worker process an application runs in, and what it has for itself.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace prefork {
inline namespace v1 {

// Which process and which part of the service this is. Plain value: a copy of what was true when
// the hook that got it was called.
struct Worker {
  std::uint32_t slot = 0;        // 0 to workers - 1; whoever replaces a worker gets its slot
  std::uint32_t workers = 0;     // how many there are
  std::uint32_t generation = 0;  // 1, and one more with every reload
  std::uint32_t restarts = 0;    // of this slot so far
  int pid = 0;
};

// A thing that each worker has for itself: made when it starts, after the fork, and destroyed when
// it stops, when the last handler has returned. See App::per_worker.
//
// A small value, to be copied into handlers: all copies mean the same thing. It is there from the
// worker's start to its stop, and nowhere else: not in PREFORK_APP and not in on_load. Handlers on
// the pool use it from several threads at once, so it has to be able to stand that.
template <typename Thing>
class PerWorker {
 public:
  Thing& operator*() const { return **thing_; }
  Thing* operator->() const { return thing_->get(); }

  // For App::per_worker, at the worker's start and stop. Throws std::invalid_argument for nothing.
  void fill(std::unique_ptr<Thing> thing) const {
    if (thing == nullptr) {
      throw std::invalid_argument("a function given to per_worker() returned null");
    }
    *thing_ = std::move(thing);
  }
  void empty() const { thing_->reset(); }

 private:
  std::shared_ptr<std::unique_ptr<Thing>> thing_ = std::make_shared<std::unique_ptr<Thing>>();
};

// A thing that each thread has for itself, as a connection that two must not use at once: made when
// the thread asks for it first, and destroyed when the thread ends, that of the event loop with the
// worker.
//
//   const prefork::PerThread<Database> database([path] {
//     return std::make_unique<Database>(path);
//   });
//   app.get("/items", [database] { return prefork::json(database->items()); });
//
// A small value, to be copied into handlers: all copies mean the same things. It is made in
// PREFORK_APP, but not asked there nor in on_load: with --preload that is before the fork, and
// workers would have one thing between them. What `make` throws is thrown, and the next one who
// asks tries again.
template <typename Thing>
class PerThread {
 public:
  using Make = std::function<std::unique_ptr<Thing>()>;

  // `make` is called on any thread, on several at once. Throws std::invalid_argument for none.
  explicit PerThread(Make make) : make_(std::make_shared<const Make>(std::move(make))) {
    if (!*make_) {
      throw std::invalid_argument("PerThread: the function is none");
    }
  }

  // Throw std::invalid_argument where `make` returns null.
  Thing& operator*() const { return *get(); }
  Thing* operator->() const { return get(); }

 private:
  Thing* get() const {
    // By who makes them, who lives as long: another one cannot have the same address.
    thread_local std::map<std::shared_ptr<const Make>, std::unique_ptr<Thing>> things;
    if (const auto found = things.find(make_); found != things.end()) {
      return found->second.get();
    }
    std::unique_ptr<Thing> made = (*make_)();
    if (made == nullptr) {
      throw std::invalid_argument("a function given to PerThread returned null");
    }
    return things.emplace(make_, std::move(made)).first->second.get();
  }

  std::shared_ptr<const Make> make_;
};

}  // namespace v1
}  // namespace prefork
