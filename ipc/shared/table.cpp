#include "ipc/shared/table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "ipc/base/shared_memory.h"

namespace prefork::ipc {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::uint64_t kPatienceNs = 10'000'000'000;

constexpr const char* kWhat = "what workers share";

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

struct SharedTable::Layout {
  Mutex making;
  std::array<Line, kMaxEntries> lines;
  WaitBoard waiters;
  alignas(kAlignment) WaitPoint news;
  alignas(kAlignment) std::array<std::byte, kArenaBytes> arena;
};

SharedTable::SharedTable() : memory_(make_shared_memory("prefork-shared", sizeof(Layout), kWhat)) {
  map();
}

SharedTable::SharedTable(OwnedFd memory) : memory_(std::move(memory)) { map(); }

void SharedTable::map() {
  void* const base = map_shared_memory(memory_, sizeof(Layout), kWhat);
  // To dump it would touch all of it.
  static_cast<void>(::madvise(base, sizeof(Layout), MADV_DONTDUMP));
  // Zero is the initial value of everything in it.
  layout_ = static_cast<Layout*>(base);
}

std::size_t SharedTable::memory_bytes() { return sizeof(Layout); }

SharedTable::~SharedTable() { ::munmap(layout_, sizeof(Layout)); }

void SharedTable::make_read_only() {
  if (::mprotect(layout_, sizeof(Layout), PROT_READ) != 0) {
    throw_errno("mprotect of what workers share");
  }
}

const WaitBoard& SharedTable::waiters() const { return layout_->waiters; }

WaitPoint& SharedTable::news() const { return layout_->news; }

SharedTable::Found SharedTable::find_or_make(const SharedSpec& spec) {
  if (layout_->making.lock({}, kPatienceNs) == Outcome::timed_out) {
    return {{}, "another worker that declares its own does not get on"};
  }
  Found found = find_or_make_locked(spec);
  layout_->making.unlock();
  return found;
}

std::vector<SharedTable::Entry> SharedTable::entries() const {
  std::vector<Entry> entries;
  for (std::uint32_t i = 0; i < kMaxEntries; ++i) {
    auto entry = read(i);
    if (!entry) {
      break;
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

std::optional<SharedTable::Entry> SharedTable::read(std::uint32_t index) const {
  const Line& line = layout_->lines[index];
  SharedSpec spec;
  spec.kind = line.kind.load(std::memory_order_acquire);
  spec.count = line.count.load(std::memory_order_relaxed);
  spec.bytes = line.bytes.load(std::memory_order_relaxed);
  spec.interval_ns = line.interval_ns.load(std::memory_order_relaxed);
  const std::uint64_t offset = line.offset.load(std::memory_order_relaxed);
  std::array<std::uint64_t, kNameWords> words{};
  for (std::size_t i = 0; i < kNameWords; ++i) {
    words[i] = line.name[i].load(std::memory_order_relaxed);
  }
  const auto* name = reinterpret_cast<const char*>(words.data());
  spec.name.assign(name, ::strnlen(name, sizeof words));
  if (!find_fault(spec).empty() || offset % kAlignment != 0 || offset > kArenaBytes ||
      size_of(spec) > kArenaBytes - offset) {
    return std::nullopt;
  }
  return entry_at(index, std::move(spec), offset);
}

SharedTable::Entry SharedTable::entry_at(std::uint32_t index, SharedSpec spec,
                                         std::uint64_t offset) const {
  return {std::move(spec), layout_->arena.data() + offset, {&layout_->waiters, index + 1}};
}

// A worker that dies while it makes one has made it or not: what comes next is put behind the ones
// that there are.
SharedTable::Found SharedTable::find_or_make_locked(const SharedSpec& spec) {
  std::uint64_t end = 0;
  for (std::uint32_t i = 0; i < kMaxEntries; ++i) {
    auto entry = read(i);
    if (!entry) {
      return make(i, spec, aligned(end));
    }
    if (entry->spec.name == spec.name) {
      if (entry->spec == spec) {
        return {std::move(*entry), {}};
      }
      return {{},
              "declared as a " + describe(spec) + ", but the server has a " +
                  describe(entry->spec) +
                  " of that name, until it is started anew; give it another name"};
    }
    const auto offset = static_cast<std::uint64_t>(entry->memory - layout_->arena.data());
    end = std::max(end, offset + size_of(entry->spec));
  }
  return {{}, "the server has room for " + std::to_string(kMaxEntries) + " of them"};
}

SharedTable::Found SharedTable::make(std::uint32_t index, const SharedSpec& spec,
                                     std::uint64_t offset) {
  if (offset > kArenaBytes || size_of(spec) > kArenaBytes - offset) {
    return {{},
            "a " + describe(spec) + " needs " + std::to_string(size_of(spec)) + " bytes, and of " +
                std::to_string(kArenaBytes) + " there are " +
                std::to_string(kArenaBytes - std::min<std::uint64_t>(offset, kArenaBytes)) +
                " left"};
  }
  Line& line = layout_->lines[index];
  std::array<std::uint64_t, kNameWords> words{};
  static_assert(sizeof words == SharedSpec::kMaxNameBytes + 1);
  std::memcpy(words.data(), spec.name.data(), spec.name.size());
  for (std::size_t i = 0; i < kNameWords; ++i) {
    line.name[i].store(words[i], std::memory_order_relaxed);
  }
  line.count.store(spec.count, std::memory_order_relaxed);
  line.bytes.store(spec.bytes, std::memory_order_relaxed);
  line.interval_ns.store(spec.interval_ns, std::memory_order_relaxed);
  line.offset.store(offset, std::memory_order_relaxed);
  line.kind.store(spec.kind, std::memory_order_release);
  return {entry_at(index, spec, offset), {}};
}

}  // namespace prefork::ipc
