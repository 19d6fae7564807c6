// What an operation on something that workers share costs, uncontended: ns for each, the least of
// several rounds.
//
//   cmake --build build/release --target bench_shared && build/release/tests/bench/bench_shared
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string_view>

#include "ipc/base/monotonic.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/table.h"

namespace {

using namespace prefork::ipc;

constexpr WaitName kNobody;
constexpr std::uint64_t kPatienceNs = 1'000'000'000;

template <typename Operation>
void measure(const char* name, Operation operation) {
  constexpr int kRounds = 50;
  constexpr int kTimes = 20'000;
  std::uint64_t least = kNever;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t start = monotonic_ns();
    for (int i = 0; i < kTimes; ++i) {
      operation();
    }
    least = std::min(least, monotonic_ns() - start);
  }
  std::printf("%-28s %6.1f ns\n", name, static_cast<double>(least) / kTimes);
}

template <typename Primitive>
Primitive& make(SharedTable& table, const SharedSpec& spec) {
  return *reinterpret_cast<Primitive*>(table.find_or_make(spec).entry.memory);
}

}  // namespace

int main() {
  SharedTable table;
  auto& number = make<SharedNumber>(table, {SharedKind::number, "number", 0, 0, 0});
  auto& mutex = make<Mutex>(table, {SharedKind::mutex, "mutex", 0, 0, 0});
  auto& semaphore = make<Semaphore>(table, {SharedKind::semaphore, "semaphore", 8, 0, 0});
  auto& lock = make<RwLock>(table, {SharedKind::rw_lock, "lock", 0, 0, 0});
  auto& limit = make<RateLimit>(table, {SharedKind::rate_limit, "limit", 1'000'000, 0, 1});
  auto& queue_state = make<QueueState>(table, {SharedKind::queue, "queue", 1024, 64, 0});
  auto& map_state = make<MapState>(table, {SharedKind::map, "map", 1000, 0, 0});
  ByteQueue queue(queue_state, reinterpret_cast<std::byte*>(&queue_state + 1), {1024, 64});
  ByteMap map(map_state, reinterpret_cast<MapSlot*>(&map_state + 1), slots_for(1000));

  measure("number: add", [&] { number.add(1); });
  measure("mutex: lock and unlock", [&] {
    mutex.lock(kNobody, kPatienceNs);
    mutex.unlock();
  });
  measure("semaphore: acquire, release",
          [&] { semaphore.release(semaphore.acquire(kNobody, 8, kPatienceNs).unit); });
  measure("read lock and unlock",
          [&] { lock.stop_reading(lock.read(kNobody, kPatienceNs).reader); });
  measure("write lock and unlock", [&] {
    lock.write(kNobody, kPatienceNs);
    lock.stop_writing();
  });
  measure("rate limit: take", [&] { limit.take({1, 1'000'000}, 1, monotonic_ns()); });
  std::array<std::byte, 64> piece{};
  measure("queue: push and pop, 64 B", [&] {
    queue.push(kNobody, piece, 0);
    queue.pop(kNobody, piece, 0);
  });
  std::array<char, ByteMap::kMaxValueBytes> room{};
  const std::string_view value(room.data(), 64);
  measure("map: put, 64 B", [&] { map.put("a key of 20 bytes...", value, ByteMap::kAnyVersion); });
  measure("map: get, 64 B",
          [&] { static_cast<void>(map.get("a key of 20 bytes...", room.data())); });
  return 0;
}
