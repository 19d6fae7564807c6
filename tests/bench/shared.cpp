// What an operation on something that workers share costs, uncontended: ns for each, the least of
// several rounds.
//
//   cmake --build build/release --target bench_shared && build/release/tests/bench/bench_shared
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "ipc/base/monotonic.h"
#include "ipc/shared/byte_map.h"
#include "ipc/shared/byte_queue.h"
#include "ipc/shared/rate_limit.h"
#include "ipc/shared/rw_lock.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "ipc/shared/table.h"
#include "ipc/shared/topic.h"

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

// From publishing to the moment at which four other processes have the piece in hand.
void measure_topic(SharedTable& table) {
  constexpr int kReaders = 4;
  constexpr int kTimes = 2'000;
  auto& state = make<TopicState>(table, {SharedKind::topic, "topic", 64, 64, 0});
  auto& heard = make<SharedNumber>(table, {SharedKind::number, "heard", 0, 0, 0});
  const Topic topic(state, reinterpret_cast<std::byte*>(&state + 1), {64, 64});
  std::array<pid_t, kReaders> readers{};
  for (pid_t& reader : readers) {
    reader = ::fork();
    if (reader == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::string piece;
      for (Topic::Cursor cursor;;) {
        const std::uint32_t announced = table.news().announce();
        if (topic.read(cursor, piece)) {
          heard.add(1);
        } else {
          table.news().sleep_in_turn(announced, kPatienceNs);
        }
      }
    }
  }
  std::array<std::byte, 64> piece{};
  std::array<std::uint64_t, kTimes> calls{};
  std::array<std::uint64_t, kTimes> arrivals{};
  for (std::size_t i = 0; i < kTimes; ++i) {
    ::usleep(200);  // at low load: all of them sleep again
    const std::uint64_t start = monotonic_ns();
    topic.publish(piece);
    table.news().wake_in_turn();
    calls[i] = monotonic_ns() - start;
    while (heard.get() < static_cast<std::int64_t>((i + 1) * kReaders)) {
    }
    arrivals[i] = monotonic_ns() - start;
  }
  for (const pid_t reader : readers) {
    ::kill(reader, SIGKILL);
    ::waitpid(reader, nullptr, 0);
  }
  std::sort(calls.begin(), calls.end());
  std::sort(arrivals.begin(), arrivals.end());
  std::printf("%-28s %6.1f us, median; with the last of %d it is after %.1f us\n",
              "topic: publish, 64 B", static_cast<double>(calls[kTimes / 2]) / 1000, kReaders,
              static_cast<double>(arrivals[kTimes / 2]) / 1000);
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
  measure_topic(table);
  return 0;
}
