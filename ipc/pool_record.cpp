#include "ipc/pool_record.h"

#include <algorithm>
#include <cstring>

namespace prefork::ipc {

namespace {

constexpr std::size_t kNameBytes = 2 * sizeof(std::uint64_t);
static_assert(kMaxPoolNameBytes < kNameBytes);

bool is_shown(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

void PoolRecord::set_name(std::string_view name) {
  std::array<char, kNameBytes> bytes{};
  name.copy(bytes.data(), kMaxPoolNameBytes);
  for (std::size_t i = 0; i < name_.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    name_[i].store(word, std::memory_order_relaxed);
  }
}

std::string PoolRecord::name() const {
  std::array<char, kNameBytes> bytes{};
  for (std::size_t i = 0; i < name_.size(); ++i) {
    const std::uint64_t word = name_[i].load(std::memory_order_relaxed);
    std::memcpy(bytes.data() + i * sizeof word, &word, sizeof word);
  }
  const auto* const end = std::find_if_not(bytes.begin(), bytes.end(), is_shown);
  return std::string(bytes.data(), static_cast<std::size_t>(end - bytes.begin()));
}

void PoolRecord::clear() {
  set_name({});
  for (auto& number : numbers_) {
    number.store(0, std::memory_order_relaxed);
  }
}

}  // namespace prefork::ipc
