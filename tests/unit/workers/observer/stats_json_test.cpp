#include "workers/observer/stats_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace prefork::observer {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) {
    keys.push_back(key);
  }
  return keys;
}

Json json_of(const StatsSnapshot& snapshot) {
  return Json::parse(to_json(snapshot, {"http://127.0.0.1:8000"}, "http://127.0.0.1:8001"));
}

TEST(StatsJson, HasItsPartsInThisOrder) {
  const Json json = json_of({});
  EXPECT_EQ(keys_of(json), (std::vector<std::string>{"server", "totals", "workers", "routes",
                                                     "banned_routes", "retired", "shared", "slow",
                                                     "last_words", "reload_history"}));
  EXPECT_EQ(keys_of(json["totals"]),
            (std::vector<std::string>{"requests", "responses", "connections", "bytes", "errors",
                                      "timeouts", "logs", "pool", "latency", "application",
                                      "cpu_seconds"}));
  EXPECT_EQ(keys_of(json["totals"]["connections"]),
            (std::vector<std::string>{"accepted", "handed_on", "received", "refused", "closed",
                                      "active", "idle"}));
  EXPECT_EQ(
      keys_of(json["totals"]["pool"]),
      (std::vector<std::string>{"threads", "busy", "queued", "in_progress", "streams", "rejected",
                                "skipped", "shed", "classes", "queue_wait", "run_time"}));
  EXPECT_EQ(keys_of(json["retired"]),
            (std::vector<std::string>{"requests", "responses", "connections", "bytes", "errors",
                                      "timeouts", "logs"}));
}

TEST(StatsJson, EveryCounterIsWhereItsTableSays) {
  StatsSnapshot snapshot;
  for (std::size_t i = 0; i < ipc::kCounterCount; ++i) {
    snapshot.totals.counters[i] = 100 + i;
  }
  const Json totals = json_of(snapshot)["totals"];
  for (const auto& spec : ipc::kCounterSpecs) {
    const std::string name(spec.name);
    const Json& group = spec.group.empty() ? totals : totals[std::string(spec.group)];
    EXPECT_EQ(group[name], 100 + static_cast<std::size_t>(spec.number)) << name;
  }
}

TEST(StatsJson, SaysWhyWorkersWereReplaced) {
  StatsSnapshot snapshot;
  snapshot.server.recycles = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(json_of(snapshot)["server"]["recycles"],
            Json::parse(R"({"requests": 1, "terminated": 2, "ordered": 3, "lifetime": 4,
                            "memory": 5, "stuck": 6})"));
  WorkerSnapshot worker;
  worker.state = ipc::ProcessState::ready;
  worker.last_exit.kind = ipc::LastExit::Kind::code;
  snapshot.workers = {worker, worker};
  snapshot.workers[1].last_exit.recycled = ipc::RecycleReason::lifetime;
  EXPECT_EQ(json_of(snapshot)["workers"][0]["last_exit"]["recycled"], nullptr);
  EXPECT_EQ(json_of(snapshot)["workers"][1]["last_exit"]["recycled"], "lifetime");
}

TEST(StatsJson, AVacantSlotSaysOnlyThat) {
  StatsSnapshot snapshot;
  snapshot.workers.resize(1);
  snapshot.workers[0].slot = 3;
  EXPECT_EQ(json_of(snapshot)["workers"][0].dump(), R"({"slot":3,"pid":null,"state":"vacant"})");
}

TEST(StatsJson, WhatNeverHappenedIsNull) {
  StatsSnapshot snapshot;
  snapshot.workers.resize(1);
  snapshot.workers[0].state = ipc::ProcessState::starting;
  const Json worker = json_of(snapshot)["workers"][0];
  for (const char* const key :
       {"pid", "started_at", "boot_ms", "last_exit", "heartbeat_age_ms", "cpu_seconds"}) {
    EXPECT_TRUE(worker[key].is_null()) << key;
  }
  EXPECT_EQ(worker["in_flight"], Json::array());
}

TEST(StatsJson, TellsHowAWorkerEnded) {
  StatsSnapshot snapshot;
  snapshot.workers.resize(1);
  WorkerSnapshot& worker = snapshot.workers[0];
  worker.state = ipc::ProcessState::ready;
  worker.last_exit.kind = ipc::LastExit::Kind::signal;
  worker.last_exit.number = 11;
  worker.last_exit.core_dumped = true;
  EXPECT_EQ(json_of(snapshot)["workers"][0]["last_exit"]["reason"], "signal SIGSEGV");
  worker.last_exit.kind = ipc::LastExit::Kind::code;
  worker.last_exit.number = 3;
  EXPECT_EQ(json_of(snapshot)["workers"][0]["last_exit"]["reason"], "exit code 3");
}

TEST(StatsJson, ARequestInFlightHasItsPhaseAndTheThreadThatRunsIt) {
  StatsSnapshot snapshot;
  snapshot.workers.resize(1);
  snapshot.workers[0].state = ipc::ProcessState::ready;
  ipc::RequestsInFlight& in_flight = snapshot.workers[0].in_flight;
  in_flight.named.resize(3);
  in_flight.named[0].is_on_loop = true;
  in_flight.named[1].pool_thread = 3;
  in_flight.named[1].request.phase = ipc::RequestPhase::sending;
  in_flight.named[1].request.request_id = 8;
  in_flight.named[2].request.phase = ipc::RequestPhase::reading;
  in_flight.more = 5;
  const Json worker = json_of(snapshot)["workers"][0];
  EXPECT_EQ(worker["in_flight"][0]["phase"], "handling");
  EXPECT_EQ(worker["in_flight"][0]["thread"], "loop");
  EXPECT_EQ(worker["in_flight"][1]["phase"], "sending");
  EXPECT_EQ(worker["in_flight"][1]["thread"], "pool-3");
  EXPECT_EQ(worker["in_flight"][1]["id"], 8);
  EXPECT_EQ(worker["in_flight"][2]["phase"], "reading");
  EXPECT_TRUE(worker["in_flight"][2]["thread"].is_null());
  EXPECT_TRUE(worker["in_flight"][2]["id"].is_null()) << "it is not counted before it is whole";
  EXPECT_EQ(worker["in_flight_more"], 5);
}

TEST(StatsJson, APathThatIsNotUtf8IsShownAllTheSame) {
  StatsSnapshot snapshot;
  snapshot.workers.resize(1);
  snapshot.workers[0].state = ipc::ProcessState::ready;
  snapshot.workers[0].in_flight.named.resize(1);
  snapshot.workers[0].in_flight.named[0].request.path = "/\xFF";
  const Json request = json_of(snapshot)["workers"][0]["in_flight"][0];
  EXPECT_EQ(request["path"], "/\xEF\xBF\xBD");
}

}  // namespace
}  // namespace prefork::observer
