// The jobs that wait for a thread of one class of the pool. It owns them; their places in it are in
// the jobs themselves, so that nothing is allocated for one.
//
// High priority comes before normal, normal before low. But when kTurnsAhead jobs in a row were
// taken from before a priority that has some, the next one is its: a job waits at most for
// kTurnsAhead others for each one before it of its own priority, and nobody for ever. Within a
// priority JobOrder says who is next.
//
// Not a lock in it: the pool's mutex guards it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/values/pool_spec.h"
#include "server/exchange/job.h"
#include "workers/pool/job_order.h"

namespace prefork::pool {

class JobQueue {
 public:
  static constexpr std::uint32_t kTurnsAhead = 8;

  explicit JobQueue(config::PoolOrder order);
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool has(exchange::Priority priority) const;
  // When the one that has waited longest came; there is one.
  [[nodiscard]] std::uint64_t oldest_ns() const;

  // `queued_ns` does not go back from one job to the next.
  void push(std::unique_ptr<exchange::Job> job);

  // Who may be taken, and from which end when jobs come faster than they go. The newest ones first
  // is for fcfs alone: the other orders have said who is next.
  struct Choice {
    bool only_high = false;
    bool newest_first = false;
  };
  // Null when there is none.
  std::unique_ptr<exchange::Job> take(const Choice& choice);
  // The one that came first of those that came before this; null when there is none.
  std::unique_ptr<exchange::Job> take_older_than(std::uint64_t ns);
  // The one that has waited longest of the lowest priority, unless that is higher than this one.
  std::unique_ptr<exchange::Job> take_in_favour_of(exchange::Priority priority);

  void clear();

 private:
  static constexpr std::size_t kPriorities = 3;

  struct Lane {
    explicit Lane(config::PoolOrder by) : order(by) {}

    JobOrder order;
    exchange::Job* oldest = nullptr;  // a list, from `older` to `newer`
    exchange::Job* newest = nullptr;
    std::vector<exchange::Job*> heap;  // the next one first; not with fcfs, which has the list
    std::uint32_t passed_over = 0;     // jobs taken from before it, since one was taken from it
  };

  std::size_t next_lane() const;
  std::unique_ptr<exchange::Job> remove(Lane& lane, exchange::Job& job);
  static void move_up(Lane& lane, std::size_t at);
  static void move_down(Lane& lane, std::size_t at);

  std::array<Lane, kPriorities> lanes_;  // by priority, the highest first
  std::size_t size_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace prefork::pool
