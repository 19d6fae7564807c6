// The hooks of a worker's life, and how they are called. Filled while the application is defined;
// called on the worker's main thread.
#pragma once

#include <prefork/cxx20.hpp>

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/worker.hpp>

namespace prefork {
inline namespace v1 {

class Hooks {
 public:
  using Hook = std::function<void(const Worker&)>;
  // Gets one line about a hook that threw.
  using Report = std::function<void(std::string_view line)>;

  void add(Hook hook) { hooks_.push_back(std::move(hook)); }

  // What one throws is thrown, and skips those behind it.
  void call(const Worker& worker) const {
    for (const Hook& hook : hooks_) {
      hook(worker);
    }
  }
  // What one throws is reported and keeps no other from being called.
  void call_each(const Worker& worker, const Report& report) const {
    for (const Hook& hook : hooks_) {
      call_one(hook, worker, report);
    }
  }
  // The same, the last one first: what was made first is needed by what was made later.
  void call_each_backwards(const Worker& worker, const Report& report) const {
    for (auto hook = hooks_.rbegin(); hook != hooks_.rend(); ++hook) {
      call_one(*hook, worker, report);
    }
  }

 private:
  static void call_one(const Hook& hook, const Worker& worker, const Report& report) {
    try {
      hook(worker);
    } catch (const std::exception& error) {
      report(std::string("a hook of the worker's life threw: ") + error.what());
    } catch (...) {
      report("a hook of the worker's life threw something");
    }
  }

  std::vector<Hook> hooks_;
};

}  // namespace v1
}  // namespace prefork
