// The tasks of an application, as it sees them: declared while it is loaded, run by task processes,
// submitted by workers. See include/prefork/abi.h.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "server/include/prefork/abi.h"
#include "server/native/task_client.h"

namespace prefork::native {

struct NativeTask {
  prefork_task_handler handler = nullptr;
  void* user_data = nullptr;
};

struct NativeTasks {
  std::map<std::string, NativeTask, std::less<>> list;
  TaskClient* client = nullptr;  // null: not in a worker, or there are no task processes
};

// Fills in the functions of the interface that are about it.
void add_task_functions(prefork_api& api);

// In a task process: runs the task of that name on the calling thread.
TaskOutcome run_task(const NativeTasks& tasks, std::string_view name, std::string_view argument);

}  // namespace prefork::native
