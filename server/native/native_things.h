// The things that the workers of an application share, as it sees them: locks, queues, maps (see
// ipc/shared). Declared while the application is loaded, bound to the server's table by each worker
// before it serves, then used by any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/shared/table.h"
#include "ipc/shared/wait_point.h"
#include "server/include/prefork/abi.h"
#include "server/native/lock_order.h"

namespace prefork::native {

struct SharedThings {
  std::vector<ipc::SharedTable::Entry> list;  // without memory: not in a worker
  LockOrder order;
  ipc::WaitPoint* news = nullptr;  // of the table's topics; null: not in a worker
};

// Finds or makes each in the table, which outlives the application's threads. Throws
// std::runtime_error, with a line for people.
void bind(SharedThings& things, ipc::SharedTable& table);

// Fills in the functions of the interface that are about it.
void add_thing_functions(prefork_api& api);
void add_lock_functions(prefork_api& api);
void add_store_functions(prefork_api& api);

// "mutex 'orders'".
std::string name_of(const ipc::SharedSpec& spec);

// Of this kind and bound, or null.
const ipc::SharedTable::Entry* find_thing(const prefork_app* app, std::uint32_t number,
                                          ipc::SharedKind kind);

// True, with a line in the log: the calling thread must not wait.
bool must_not_wait(const prefork_app* app, const ipc::SharedTable::Entry& thing,
                   std::uint64_t timeout_ns);

prefork_status to_status(ipc::Outcome outcome);

// What the memory of a thing is.
template <typename Primitive>
Primitive& as(const ipc::SharedTable::Entry& thing) {
  return *reinterpret_cast<Primitive*>(thing.memory);
}

}  // namespace prefork::native
