// Which function of the application the calling thread is in, and whether that thread runs a
// worker's event loop: for what has to be told about it by name. Who waits on the event loop makes
// every connection of the worker wait.
#pragma once

#include <string>

namespace prefork::native {

namespace this_thread {
inline thread_local bool runs_loop = false;
inline thread_local const std::string* function = nullptr;
}  // namespace this_thread

// The calling thread.
inline void set_loop_thread(bool is_it) { this_thread::runs_loop = is_it; }
inline bool is_loop_thread() { return this_thread::runs_loop; }

// "GET /items/{id}".
inline std::string name_of_running_function() {
  return this_thread::function != nullptr ? *this_thread::function
                                          : "a function of the application";
}

// As long as it lives, the calling thread is in the function of that name, which outlives it.
class RunningFunction {
 public:
  explicit RunningFunction(const std::string& name) { this_thread::function = &name; }
  ~RunningFunction() { this_thread::function = nullptr; }
  RunningFunction(const RunningFunction&) = delete;
  RunningFunction& operator=(const RunningFunction&) = delete;
};

}  // namespace prefork::native
