#include "workers/observer/shared_snapshot.h"

#include <map>
#include <string_view>

#include "ipc/base/monotonic.h"
#include "ipc/shared/barrier.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/event.h"
#include "ipc/shared/once.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/topic.h"

namespace prefork::observer {

namespace {

using Entry = ipc::SharedTable::Entry;

template <typename Primitive>
Primitive& as(const Entry& entry) {
  return *reinterpret_cast<Primitive*>(entry.memory);
}

// Fills in one snapshot.
class Look {
 public:
  explicit Look(const Entry& entry) : entry_(entry) {
    snapshot_.name = entry.spec.name;
    snapshot_.kind = to_string(entry.spec.kind);
  }

  SharedSnapshot take() {
    switch (entry_.spec.kind) {
      case ipc::SharedKind::number:
        show("value", as<ipc::SharedNumber>(entry_).get());
        break;
      case ipc::SharedKind::event:
        show("set", as<ipc::Event>(entry_).is_set());
        break;
      case ipc::SharedKind::semaphore:
        look_at_semaphore();
        break;
      case ipc::SharedKind::mutex:
        add_holder(as<ipc::Mutex>(entry_).owner());
        break;
      case ipc::SharedKind::rw_lock:
        add_holder(as<ipc::RwLock>(entry_).writer());
        show("readers", as<ipc::RwLock>(entry_).readers());
        break;
      case ipc::SharedKind::once:
        show("done", as<ipc::Once>(entry_).is_done());
        add_holder(as<ipc::Once>(entry_).owner());
        break;
      case ipc::SharedKind::barrier:
        show("parties", entry_.spec.count);
        show("arrived", as<ipc::Barrier>(entry_).arrived(entry_.spec.count));
        break;
      default:
        look_at_store();
        break;
    }
    return std::move(snapshot_);
  }

 private:
  void look_at_store() {
    const ipc::SharedSpec& spec = entry_.spec;
    if (spec.kind == ipc::SharedKind::rate_limit) {
      const ipc::Rate rate{spec.interval_ns, spec.count};
      show("burst", spec.count);
      show("available", as<ipc::RateLimit>(entry_).available(rate, ipc::monotonic_ns()));
    } else if (spec.kind == ipc::SharedKind::queue) {
      auto& state = as<ipc::QueueState>(entry_);
      const ipc::ByteQueue queue(state, entry_.memory + sizeof state, {spec.count, spec.bytes});
      show("capacity", spec.count);
      show("depth", queue.depth());
    } else if (spec.kind == ipc::SharedKind::map) {
      auto& state = as<ipc::MapState>(entry_);
      auto* const slots = reinterpret_cast<ipc::MapSlot*>(entry_.memory + sizeof state);
      show("capacity", spec.count);
      show("used", ipc::ByteMap(state, slots, ipc::slots_for(spec.count)).used());
    } else if (spec.kind == ipc::SharedKind::topic) {
      const auto& state = as<ipc::TopicState>(entry_);
      show("capacity", spec.count);
      show("published", state.published.load());
      show("lost", state.lost.load());
    }
  }

  void look_at_semaphore() {
    for (std::uint32_t unit = 0; unit < entry_.spec.count; ++unit) {
      add_holder(as<ipc::Semaphore>(entry_).owner(unit));
    }
    show("units", entry_.spec.count);
    show("taken", snapshot_.holders.size());
  }

  void add_holder(ipc::ProcessKey owner) {
    // Of many one after the other is asked about once.
    if (owner != last_) {
      last_ = owner;
      is_last_alive_ = !owner.is_none() && owner.is_alive();
    }
    if (is_last_alive_) {
      snapshot_.holders.push_back(owner.pid());
    }
  }

  void show(std::string_view name, bool value) { snapshot_.values.emplace_back(name, value); }
  template <typename Number>
  void show(std::string_view name, Number value) {
    snapshot_.values.emplace_back(name, static_cast<std::int64_t>(value));
  }

  const Entry& entry_;
  SharedSnapshot snapshot_;
  ipc::ProcessKey last_;
  bool is_last_alive_ = false;
};

}  // namespace

std::vector<SharedSnapshot> look_at_shared(const ipc::SharedTable& table) {
  const std::vector<Entry> entries = table.entries();
  std::map<std::uint32_t, std::uint32_t> waiters;
  if (!entries.empty()) {
    table.waiters().for_each([&waiters](std::uint32_t what) { ++waiters[what]; });
  }
  std::vector<SharedSnapshot> snapshots;
  for (const Entry& entry : entries) {
    snapshots.push_back(Look(entry).take());
    snapshots.back().waiters = waiters[entry.wait_name.what];
  }
  return snapshots;
}

}  // namespace prefork::observer
