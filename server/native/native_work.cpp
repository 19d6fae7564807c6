#include "server/native/native_work.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "ipc/base/forked.h"
#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/running_function.h"

namespace prefork::native {

namespace {

const std::string kWork = "a function on the pool";
const std::string kAfterWork = "a function after one on the pool";

prefork_status to_status(exchange::WorkEnd end) {
  switch (end) {
    case exchange::WorkEnd::done:
      return PREFORK_OK;
    case exchange::WorkEnd::refused:
      return PREFORK_FULL;
    case exchange::WorkEnd::dropped:
      break;
  }
  return PREFORK_GONE;
}

void call_done(prefork_waited done, void* user_data, exchange::WorkEnd how) {
  if (done != nullptr) {
    const RunningFunction here(kAfterWork);
    done(user_data, to_status(how));
    ipc::end_copy();
  }
}

prefork_status submit_here(exchange::Scheduler& scheduler, const prefork_work& work,
                           std::string_view pool, exchange::Priority priority) {
  const bool is_taken =
      scheduler.submit({pool, priority,
                        [run = work.run, user_data = work.user_data] {
                          const RunningFunction here(kWork);
                          run(user_data);
                          ipc::end_copy();
                        },
                        [done = work.done, user_data = work.user_data](exchange::WorkEnd how) {
                          call_done(done, user_data, how);
                        }});
  return is_taken ? PREFORK_OK : PREFORK_FULL;
}

prefork_status submit_work(prefork_app* app, const prefork_work* given) {
  constexpr std::size_t kLeastSize = offsetof(prefork_work, user_data) + sizeof(void*);
  if (app->waits == nullptr || given->size < kLeastSize || given->run == nullptr) {
    return PREFORK_WRONG;
  }
  prefork_work work{};
  std::memcpy(&work, given, std::min(given->size, sizeof work));
  const auto priority = to_priority(work.priority);
  if (!priority) {
    return PREFORK_WRONG;
  }
  exchange::Scheduler& scheduler = app->waits->scheduler();
  if (scheduler.is_loop_thread()) {
    return submit_here(scheduler, work, to_view(work.pool), *priority);
  }
  const auto posted = scheduler.post(
      [&scheduler, work, pool = std::string(to_view(work.pool)), priority = *priority] {
        if (submit_here(scheduler, work, pool, priority) != PREFORK_OK) {
          call_done(work.done, work.user_data, exchange::WorkEnd::refused);
        }
      });
  return posted == exchange::Scheduler::Posted::yes    ? PREFORK_OK
         : posted == exchange::Scheduler::Posted::full ? PREFORK_FULL
                                                       : PREFORK_GONE;
}

}  // namespace

void add_work_functions(prefork_api& api) { api.submit_work = submit_work; }

}  // namespace prefork::native
