#include "server/routing/static_paths.h"

#include <bit>
#include <cstring>
#include <utility>

#include "ipc/base/first_bytes.h"

namespace prefork::routing {

StaticPaths::Key StaticPaths::key_of(std::string_view path) noexcept {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  return {ipc::first_bytes(path.data(), path.size()),
          path.size() > kWord ? ipc::first_bytes(path.data() + path.size() - kWord, kWord) : 0,
          path.size()};
}

// The upper bits of a product depend on all bits of its factors (Fibonacci hashing).
std::size_t StaticPaths::hash_of(const Key& key) noexcept {
  constexpr std::uint64_t kSpread = 0x9E37'79B9'7F4A'7C15;
  const std::uint64_t mixed =
      (key.front * kSpread) ^ ((key.back + key.size) * std::rotl(kSpread, 32));
  return static_cast<std::size_t>((mixed ^ (mixed >> 32)) * kSpread >> 32);
}

std::uint32_t StaticPaths::find(std::string_view path) const noexcept {
  if (slots_.empty()) {
    return kNone;
  }
  const Key key = key_of(path);
  const Slot* const slots = slots_.data();
  const std::size_t last = slots_.size() - 1;
  for (std::size_t at = hash_of(key) & last; slots[at].number != kNone; at = (at + 1) & last) {
    const Slot& slot = slots[at];
    if (slot.key == key && (path.size() <= kKeyBytes ||
                            std::memcmp(texts_[slot.text].data(), path.data(), path.size()) == 0)) {
      return slot.number;
    }
  }
  return kNone;
}

void StaticPaths::add(std::string_view path, std::uint32_t number) {
  texts_.emplace_back(path);
  if (2 * texts_.size() > slots_.size()) {
    grow();
  }
  put({key_of(path), number, static_cast<std::uint32_t>(texts_.size() - 1)});
}

void StaticPaths::put(const Slot& slot) {
  std::size_t at = hash_of(slot.key) & (slots_.size() - 1);
  while (slots_[at].number != kNone) {
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at] = slot;
}

void StaticPaths::grow() {
  constexpr std::size_t kFewest = 16;
  std::vector<Slot> before(slots_.empty() ? kFewest : 2 * slots_.size());
  before.swap(slots_);
  for (const Slot& slot : before) {
    if (slot.number != kNone) {
      put(slot);
    }
  }
}

}  // namespace prefork::routing
