#include <cstdint>
#include <span>
#include <string_view>

#include "ipc/base/monotonic.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/shared_number.h"
#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/native_things.h"

namespace prefork::native {

namespace {

using ipc::SharedKind;
using Entry = ipc::SharedTable::Entry;

ipc::SharedNumber* find_number(prefork_app* app, std::uint32_t number) {
  const Entry* const thing = find_thing(app, number, SharedKind::number);
  return thing != nullptr ? &as<ipc::SharedNumber>(*thing) : nullptr;
}

prefork_status get_atomic(prefork_app* app, std::uint32_t number, std::int64_t* value) {
  const auto* const found = find_number(app, number);
  if (found == nullptr) {
    return PREFORK_WRONG;
  }
  *value = found->get();
  return PREFORK_OK;
}

prefork_status set_atomic(prefork_app* app, std::uint32_t number, std::int64_t value) {
  auto* const found = find_number(app, number);
  if (found == nullptr) {
    return PREFORK_WRONG;
  }
  found->set(value);
  return PREFORK_OK;
}

prefork_status add_atomic(prefork_app* app, std::uint32_t number, std::int64_t amount,
                          std::int64_t* then) {
  auto* const found = find_number(app, number);
  if (found == nullptr) {
    return PREFORK_WRONG;
  }
  *then = found->add(amount);
  return PREFORK_OK;
}

prefork_status replace_atomic(prefork_app* app, std::uint32_t number, std::int64_t* expected,
                              std::int64_t value) {
  auto* const found = find_number(app, number);
  if (found == nullptr) {
    return PREFORK_WRONG;
  }
  return found->replace(*expected, value) ? PREFORK_OK : PREFORK_CHANGED;
}

prefork_status take_rate(prefork_app* app, std::uint32_t number, std::uint64_t units,
                         std::uint64_t* wait_ns) {
  const Entry* const thing = find_thing(app, number, SharedKind::rate_limit);
  if (thing == nullptr) {
    return PREFORK_WRONG;
  }
  const ipc::Rate rate{thing->spec.interval_ns, thing->spec.count};
  *wait_ns = as<ipc::RateLimit>(*thing).take(rate, units, ipc::monotonic_ns());
  return *wait_ns == 0 ? PREFORK_OK : PREFORK_FULL;
}

ipc::ByteQueue to_queue(const Entry& thing) {
  auto& state = as<ipc::QueueState>(thing);
  return {state, thing.memory + sizeof state, {thing.spec.count, thing.spec.bytes}};
}

prefork_status push_queue(prefork_app* app, std::uint32_t number, prefork_text piece,
                          std::uint64_t timeout_ns) {
  const Entry* const thing = find_thing(app, number, SharedKind::queue);
  if (thing == nullptr || piece.size > thing->spec.bytes) {
    return PREFORK_WRONG;
  }
  if (must_not_wait(app, *thing, timeout_ns)) {
    return PREFORK_REFUSED;
  }
  return to_status(to_queue(*thing).push(thing->wait_name, std::as_bytes(std::span(to_view(piece))),
                                         timeout_ns));
}

prefork_status pop_queue(prefork_app* app, std::uint32_t number, char* room, std::size_t size,
                         std::size_t* got, std::uint64_t timeout_ns) {
  const Entry* const thing = find_thing(app, number, SharedKind::queue);
  if (thing == nullptr || size < thing->spec.bytes) {
    return PREFORK_WRONG;
  }
  if (must_not_wait(app, *thing, timeout_ns)) {
    return PREFORK_REFUSED;
  }
  const auto popped = to_queue(*thing).pop(
      thing->wait_name, std::as_writable_bytes(std::span(room, size)), timeout_ns);
  *got = popped.size;
  return to_status(popped.outcome);
}

ipc::ByteMap to_map(const Entry& thing) {
  auto& state = as<ipc::MapState>(thing);
  return {state, reinterpret_cast<ipc::MapSlot*>(thing.memory + sizeof state),
          ipc::slots_for(thing.spec.count)};
}

bool is_key(prefork_text key) { return key.size <= ipc::ByteMap::kMaxKeyBytes; }

prefork_status of_change(ipc::ByteMap::Change change) {
  switch (change) {
    case ipc::ByteMap::Change::done:
      return PREFORK_OK;
    case ipc::ByteMap::Change::other_version:
      return PREFORK_CHANGED;
    case ipc::ByteMap::Change::full:
      return PREFORK_FULL;
    case ipc::ByteMap::Change::busy:
      break;
  }
  return PREFORK_TIMEOUT;
}

prefork_status get_map(prefork_app* app, std::uint32_t number, prefork_text key, char* room,
                       std::size_t* got, std::uint64_t* version) {
  const Entry* const thing = find_thing(app, number, SharedKind::map);
  if (thing == nullptr || !is_key(key)) {
    return PREFORK_WRONG;
  }
  const auto found = to_map(*thing).get(to_view(key), room);
  if (!found) {
    return PREFORK_END;
  }
  *got = found->size;
  *version = found->version;
  return PREFORK_OK;
}

prefork_status put_map(prefork_app* app, std::uint32_t number, prefork_text key, prefork_text value,
                       std::uint64_t expected) {
  const Entry* const thing = find_thing(app, number, SharedKind::map);
  if (thing == nullptr || !is_key(key) || value.size > ipc::ByteMap::kMaxValueBytes) {
    return PREFORK_WRONG;
  }
  return of_change(to_map(*thing).put(to_view(key), to_view(value), expected));
}

prefork_status erase_map(prefork_app* app, std::uint32_t number, prefork_text key,
                         std::uint64_t expected) {
  const Entry* const thing = find_thing(app, number, SharedKind::map);
  if (thing == nullptr || !is_key(key)) {
    return PREFORK_WRONG;
  }
  return of_change(to_map(*thing).erase(to_view(key), expected));
}

}  // namespace

void add_store_functions(prefork_api& api) {
  api.get_atomic = get_atomic;
  api.set_atomic = set_atomic;
  api.add_atomic = add_atomic;
  api.replace_atomic = replace_atomic;
  api.take_rate = take_rate;
  api.push_queue = push_queue;
  api.pop_queue = pop_queue;
  api.get_map = get_map;
  api.put_map = put_map;
  api.erase_map = erase_map;
}

}  // namespace prefork::native
