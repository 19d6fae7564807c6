// Which thread runs a worker's event loop, and which function of the application it is in: who
// waits there makes every connection of the worker wait, so what waits is refused, by name.
#pragma once

#include <string>

namespace prefork::native {

namespace loop_thread {
inline thread_local bool is_this_one = false;
inline thread_local const std::string* function = nullptr;
}  // namespace loop_thread

// The calling thread.
inline void set_loop_thread(bool is_it) { loop_thread::is_this_one = is_it; }
inline bool is_loop_thread() { return loop_thread::is_this_one; }

// As long as it lives, the calling thread is in the function of that name, which outlives it.
class InLoopFunction {
 public:
  explicit InLoopFunction(const std::string& name) { loop_thread::function = &name; }
  ~InLoopFunction() { loop_thread::function = nullptr; }
  InLoopFunction(const InLoopFunction&) = delete;
  InLoopFunction& operator=(const InLoopFunction&) = delete;
};

}  // namespace prefork::native
