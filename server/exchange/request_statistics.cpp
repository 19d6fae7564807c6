#include "server/exchange/request_statistics.h"

#include <utility>

namespace prefork::exchange {

namespace {

// Spreads keys that differ in few bits (Fibonacci hashing).
constexpr std::uint32_t kSpread = 2654435769U;

}  // namespace

RequestStatistics::RequestStatistics(ipc::RouteRecord& record, Labels labels)
    : record_(record),
      own_kinds_(labels.kinds == nullptr ? std::make_unique<ipc::RequestKinds>() : nullptr),
      labels_{std::move(labels.routes), labels.kinds == nullptr ? own_kinds_.get() : labels.kinds},
      index_(kIndexSize) {}

RequestStatistics::Known RequestStatistics::find(const ipc::RequestKind& kind) {
  const std::uint32_t key = kind.key();
  std::size_t at = (key * kSpread) >> kIndexShift;
  while (index_[at].key != key && index_[at].key != 0) {
    at = (at + 1) % kIndexSize;
  }
  if (index_[at].key == key) {
    return index_[at];
  }
  const Known found{key, labels_.kinds->place_of(kind)};
  // Kinds beyond those with a place are looked for each time: clients choose status codes only as
  // far as the application lets them.
  if (known_ < ipc::RequestKinds::kMaxKinds) {
    index_[at] = found;
    ++known_;
  }
  return found;
}

}  // namespace prefork::exchange
