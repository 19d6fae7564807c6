#include <cstdint>

#include "ipc/shared/barrier.h"
#include "ipc/shared/event.h"
#include "ipc/shared/mutex.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "server/native/native_application.h"
#include "server/native/native_things.h"
#include "server/native/running_function.h"

namespace prefork::native {

namespace {

using ipc::SharedKind;

// Calls use(entry) for a thing of that kind. Without a timeout nothing waits.
template <typename Use>
prefork_status with(prefork_app* app, std::uint32_t number, SharedKind kind,
                    std::uint64_t timeout_ns, Use use) {
  const auto* const thing = find_thing(app, number, kind);
  if (thing == nullptr) {
    return PREFORK_WRONG;
  }
  return must_not_wait(app, *thing, timeout_ns) ? PREFORK_REFUSED : use(*thing);
}

// The same for what is owned afterwards.
template <typename Use>
prefork_status take(prefork_app* app, std::uint32_t number, SharedKind kind,
                    std::uint64_t timeout_ns, Use use) {
  return with(app, number, kind, timeout_ns, [&](const auto& thing) {
    LockOrder& order = app->things.order;
    if (LockOrder::kIsChecked && timeout_ns != 0) {
      if (const auto problem = order.before_wait(name_of(thing.spec), name_of_running_function())) {
        app->report(config::LogLevel::warning, *problem);
      }
    }
    const prefork_status status = use(thing);
    if (LockOrder::kIsChecked && (status == PREFORK_OK || status == PREFORK_OWNER_DIED)) {
      order.took(name_of(thing.spec));
    }
    return status;
  });
}

template <typename Use>
prefork_status give_back(prefork_app* app, std::uint32_t number, SharedKind kind, Use use) {
  return with(app, number, kind, 0, [&](const auto& thing) {
    if (LockOrder::kIsChecked) {
      app->things.order.gave_back(name_of(thing.spec));
    }
    return to_status(use(thing));
  });
}

prefork_status set_event(prefork_app* app, std::uint32_t number, int is_set) {
  return with(app, number, SharedKind::event, 0, [&](const auto& thing) {
    auto& event = as<ipc::Event>(thing);
    is_set != 0 ? event.set() : event.clear();
    return PREFORK_OK;
  });
}

prefork_status wait_event(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns) {
  return with(app, number, SharedKind::event, timeout_ns, [&](const auto& thing) {
    return to_status(as<ipc::Event>(thing).wait(thing.wait_name, timeout_ns));
  });
}

prefork_status lock_mutex(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns) {
  return take(app, number, SharedKind::mutex, timeout_ns, [&](const auto& thing) {
    return to_status(as<ipc::Mutex>(thing).lock(thing.wait_name, timeout_ns));
  });
}

prefork_status unlock_mutex(prefork_app* app, std::uint32_t number) {
  return give_back(app, number, SharedKind::mutex,
                   [](const auto& thing) { return as<ipc::Mutex>(thing).unlock(); });
}

prefork_status acquire_unit(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns,
                            std::uint32_t* unit) {
  return take(app, number, SharedKind::semaphore, timeout_ns, [&](const auto& thing) {
    const auto acquired =
        as<ipc::Semaphore>(thing).acquire(thing.wait_name, thing.spec.count, timeout_ns);
    *unit = acquired.unit;
    return to_status(acquired.outcome);
  });
}

prefork_status release_unit(prefork_app* app, std::uint32_t number, std::uint32_t unit) {
  return give_back(app, number, SharedKind::semaphore,
                   [&](const auto& thing) { return as<ipc::Semaphore>(thing).release(unit); });
}

prefork_status lock_read(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns,
                         std::uint32_t* reader) {
  return take(app, number, SharedKind::rw_lock, timeout_ns, [&](const auto& thing) {
    const auto reading = as<ipc::RwLock>(thing).read(thing.wait_name, timeout_ns);
    *reader = reading.reader;
    return to_status(reading.outcome);
  });
}

prefork_status unlock_read(prefork_app* app, std::uint32_t number, std::uint32_t reader) {
  return give_back(app, number, SharedKind::rw_lock,
                   [&](const auto& thing) { return as<ipc::RwLock>(thing).stop_reading(reader); });
}

prefork_status lock_write(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns) {
  return take(app, number, SharedKind::rw_lock, timeout_ns, [&](const auto& thing) {
    return to_status(as<ipc::RwLock>(thing).write(thing.wait_name, timeout_ns));
  });
}

prefork_status unlock_write(prefork_app* app, std::uint32_t number) {
  return give_back(app, number, SharedKind::rw_lock,
                   [](const auto& thing) { return as<ipc::RwLock>(thing).stop_writing(); });
}

prefork_status begin_once(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns) {
  return with(app, number, SharedKind::once, timeout_ns, [&](const auto& thing) {
    switch (as<ipc::Once>(thing).begin(thing.wait_name, timeout_ns)) {
      case ipc::Once::Turn::is_done:
        return PREFORK_END;
      case ipc::Once::Turn::yours:
        return PREFORK_OK;
      case ipc::Once::Turn::yours_from_dead:
        return PREFORK_OWNER_DIED;
      case ipc::Once::Turn::timed_out:
        break;
    }
    return PREFORK_TIMEOUT;
  });
}

prefork_status end_once(prefork_app* app, std::uint32_t number, int is_done) {
  return with(app, number, SharedKind::once, 0,
              [&](const auto& thing) { return to_status(as<ipc::Once>(thing).end(is_done != 0)); });
}

prefork_status wait_barrier(prefork_app* app, std::uint32_t number, std::uint64_t timeout_ns) {
  return with(app, number, SharedKind::barrier, timeout_ns, [&](const auto& thing) {
    return to_status(
        as<ipc::Barrier>(thing).arrive_and_wait(thing.wait_name, thing.spec.count, timeout_ns));
  });
}

}  // namespace

void add_lock_functions(prefork_api& api) {
  api.set_event = set_event;
  api.wait_event = wait_event;
  api.lock_mutex = lock_mutex;
  api.unlock_mutex = unlock_mutex;
  api.acquire_unit = acquire_unit;
  api.release_unit = release_unit;
  api.lock_read = lock_read;
  api.unlock_read = unlock_read;
  api.lock_write = lock_write;
  api.unlock_write = unlock_write;
  api.begin_once = begin_once;
  api.end_once = end_once;
  api.wait_barrier = wait_barrier;
}

}  // namespace prefork::native
