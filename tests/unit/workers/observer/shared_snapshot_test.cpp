#include "workers/observer/shared_snapshot.h"

#include <gtest/gtest.h>

#include <csignal>

#include "ipc/shared/mutex.h"
#include "ipc/shared/semaphore.h"
#include "ipc/shared/shared_number.h"
#include "tests/unit/ipc/processes.h"
#include "tests/unit/ipc/shared/waiting.h"
#include "workers/observer/stats_json.h"

namespace prefork::observer {
namespace {

using ipc::SharedKind;
using ipc::testing_ipc::ForkedChild;
using ipc::testing_ipc::kNobody;

template <typename Primitive>
Primitive& make(ipc::SharedTable& table, const ipc::SharedSpec& spec) {
  const auto found = table.find_or_make(spec);
  EXPECT_EQ(found.problem, "");
  return *reinterpret_cast<Primitive*>(found.entry.memory);
}

TEST(SharedSnapshot, ShowsWhoHoldsWhatAndNotTheDead) {
  ipc::SharedTable table;
  auto& mutex = make<ipc::Mutex>(table, {SharedKind::mutex, "orders", 0, 0, 0});
  auto& units = make<ipc::Semaphore>(table, {SharedKind::semaphore, "db", 3, 0, 0});
  mutex.lock(kNobody, 0);
  units.acquire(kNobody, 3, 0);
  ForkedChild dead([&] {
    units.acquire(kNobody, 3, 0);
    ::raise(SIGKILL);
  });
  EXPECT_EQ(dead.wait(), 128 + SIGKILL);
  const auto shared = look_at_shared(table);
  ASSERT_EQ(shared.size(), 2U);
  EXPECT_EQ(shared[0].name, "orders");
  EXPECT_EQ(shared[0].holders, std::vector<std::int32_t>{::getpid()});
  EXPECT_EQ(shared[1].holders, std::vector<std::int32_t>{::getpid()});
  StatsSnapshot snapshot;
  snapshot.shared = shared;
  const std::string json = to_json(snapshot, {}, {});
  EXPECT_NE(json.find("\"units\": 3,\n      \"taken\": 1,"), std::string::npos) << json;
}

TEST(SharedSnapshot, ShowsEveryKindByItsValues) {
  ipc::SharedTable table;
  make<ipc::SharedNumber>(table, {SharedKind::number, "n", 0, 0, 0}).set(-7);
  make<std::byte>(table, {SharedKind::event, "e", 0, 0, 0});
  make<std::byte>(table, {SharedKind::rw_lock, "rw", 0, 0, 0});
  make<std::byte>(table, {SharedKind::once, "o", 0, 0, 0});
  make<std::byte>(table, {SharedKind::barrier, "b", 2, 0, 0});
  make<std::byte>(table, {SharedKind::rate_limit, "r", 9, 0, 1000});
  make<std::byte>(table, {SharedKind::queue, "q", 5, 8, 0});
  make<std::byte>(table, {SharedKind::map, "m", 6, 0, 0});
  make<std::byte>(table, {SharedKind::topic, "t", 4, 8, 0});
  StatsSnapshot snapshot;
  snapshot.shared = look_at_shared(table);
  const std::string json = to_json(snapshot, {}, {});
  for (const char* const text :
       {"\"value\": -7", "\"set\": false", "\"readers\": 0", "\"done\": false", "\"arrived\": 0",
        "\"available\": 9", "\"depth\": 0", "\"used\": 0", "\"published\": 0"}) {
    EXPECT_NE(json.find(text), std::string::npos) << text << json;
  }
}

// A worker that has gone mad writes what it likes into the table.
TEST(SharedSnapshot, BelievesNothing) {
  ipc::SharedTable table;
  auto& first = make<std::byte>(table, {SharedKind::queue, "q", 5, 8, 0});
  std::byte* const arena = &first;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 4096; ++i) {
      arena[i] = static_cast<std::byte>(
          round == 0 ? 0xFF : (i * 7 + static_cast<std::size_t>(round)) % 251);
    }
    EXPECT_EQ(look_at_shared(table).size(), 1U);
  }
}

}  // namespace
}  // namespace prefork::observer
