// The worker process an application runs in, and what it has for itself.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
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

}  // namespace v1
}  // namespace prefork
