// What stands beside the server of an in-process test in place of a worker: its hooks, and who runs
// its jobs. One thread: the test's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/http_server.h"

namespace prefork::engine::testing_http {

// Remembers what the server said to its process, and places connections as the test wants.
class FakeHooks : public ServerHooks {
 public:
  Place place(int socket, const ipc::HandedConnection& about, bool may_stay) override {
    placements.push_back({about, may_stay});
    const Place found =
        on_place ? on_place(socket, about) : ServerHooks::place(socket, about, may_stay);
    given_fresh += may_stay && found == Place::given ? 1 : 0;
    return found;
  }
  bool keep(int, std::uint32_t lead) override {
    last_lead = lead;
    return keeps;
  }
  [[nodiscard]] bool is_ahead(std::uint32_t by) const override { return by < ahead_by; }
  [[nodiscard]] std::uint32_t excess() const override { return excess_now; }
  Place relieve(int socket, const ipc::HandedConnection& about) override {
    ++reliefs_offered;
    return on_relieve ? on_relieve(socket, about) : Place::here;
  }
  void on_connection_gone() override { ++connections_gone; }
  bool on_tick(std::uint64_t) override {
    ++ticks;
    return false;
  }
  void report(config::LogLevel level, std::string_view line) override {
    reports.emplace_back(level, line);
  }
  void on_drained() override {
    ++drained;
    if (when_drained) {
      when_drained();
    }
  }

  struct Placement {
    ipc::HandedConnection about;
    bool may_stay = false;
  };
  std::function<Place(int socket, const ipc::HandedConnection& about)> on_place;
  std::function<Place(int socket, const ipc::HandedConnection& about)> on_relieve;
  bool keeps = false;           // what is accepted, until it comes to rest
  std::uint32_t last_lead = 0;  // as keep() was told
  std::uint32_t ahead_by = 0;
  std::uint64_t given_fresh = 0;
  std::uint32_t excess_now = 0;
  int reliefs_offered = 0;
  std::function<void()> when_drained;
  std::vector<Placement> placements;
  std::vector<std::pair<config::LogLevel, std::string>> reports;
  int connections_gone = 0;
  int ticks = 0;
  int drained = 0;
};

// Keeps jobs until the test lets them run, in any order.
class HeldJobs : public exchange::Executor {
 public:
  bool submit(std::unique_ptr<exchange::Job>& job) override {
    if (jobs.size() >= limit) {
      return false;
    }
    job->executor = this;
    jobs.push_back(std::move(job));
    return true;
  }
  void lend_thread(const exchange::Job&) override {}
  void take_back_thread(const exchange::Job&) override {}
  void start_submitted() override {}
  void complete(HttpServer& server, std::size_t index = 0) {
    std::unique_ptr<exchange::Job> job = std::move(jobs.at(index));
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(index));
    job->run();
    server.completions().deliver(std::move(job));
  }

  std::size_t limit = 1000;
  std::vector<std::unique_ptr<exchange::Job>> jobs;
};

}  // namespace prefork::engine::testing_http
