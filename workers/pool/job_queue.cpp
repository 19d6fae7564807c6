#include "workers/pool/job_queue.h"

#include <utility>

#include "ipc/base/check.h"

namespace prefork::pool {

namespace {

using exchange::Job;

bool comes_before(const Job& left, const Job& right) {
  return left.link.key != right.link.key ? left.link.key < right.link.key
                                         : left.link.number < right.link.number;
}

void put(std::vector<Job*>& heap, std::size_t at, Job* job) {
  heap[at] = job;
  job->link.heap_at = at;
}

}  // namespace

JobQueue::JobQueue(config::PoolOrder order) : lanes_{Lane(order), Lane(order), Lane(order)} {}

JobQueue::~JobQueue() { clear(); }

bool JobQueue::has(exchange::Priority priority) const {
  return lanes_[static_cast<std::size_t>(priority)].oldest != nullptr;
}

std::uint64_t JobQueue::oldest_ns() const {
  std::uint64_t oldest = ~std::uint64_t{0};
  for (const Lane& lane : lanes_) {
    if (lane.oldest != nullptr && lane.oldest->queued_ns < oldest) {
      oldest = lane.oldest->queued_ns;
    }
  }
  return oldest;
}

void JobQueue::push(std::unique_ptr<Job> owned) {
  Job* const job = owned.release();
  Lane& lane = lanes_[static_cast<std::size_t>(job->priority())];
  job->link = {lane.newest, nullptr, lane.order.key_of(*job), ++pushed_, lane.heap.size()};
  (lane.newest != nullptr ? lane.newest->link.newer : lane.oldest) = job;
  lane.newest = job;
  if (!lane.order.is_fcfs()) {
    lane.heap.push_back(job);
    move_up(lane, job->link.heap_at);
  }
  ++size_;
}

// Of one that is not empty.
std::size_t JobQueue::next_lane() const {
  std::size_t highest = kPriorities;
  for (std::size_t at = kPriorities; at-- > 0;) {
    if (lanes_[at].oldest == nullptr) {
      continue;
    }
    if (lanes_[at].passed_over >= kTurnsAhead) {
      return at;
    }
    highest = at;
  }
  return highest;
}

std::unique_ptr<Job> JobQueue::take(const Choice& choice) {
  if (choice.only_high ? !has(exchange::Priority::high) : empty()) {
    return nullptr;
  }
  const std::size_t at = choice.only_high ? 0 : next_lane();
  Lane& lane = lanes_[at];
  lane.passed_over = 0;
  for (std::size_t lower = at + 1; lower < kPriorities; ++lower) {
    // Threads that only take high ones are not there for the others: nobody is passed over by them.
    lanes_[lower].passed_over += lanes_[lower].oldest != nullptr && !choice.only_high ? 1U : 0U;
  }
  Job* next = lane.oldest;
  if (!lane.order.is_fcfs()) {
    next = lane.heap.front();
  } else if (choice.newest_first) {
    next = lane.newest;
  }
  lane.order.on_taken(next->link.key);
  return remove(lane, *next);
}

std::unique_ptr<Job> JobQueue::take_older_than(std::uint64_t ns) {
  for (Lane& lane : lanes_) {
    if (lane.oldest != nullptr && lane.oldest->queued_ns < ns) {
      return remove(lane, *lane.oldest);
    }
  }
  return nullptr;
}

std::unique_ptr<Job> JobQueue::take_in_favour_of(exchange::Priority priority) {
  for (std::size_t at = kPriorities; at-- > static_cast<std::size_t>(priority);) {
    if (lanes_[at].oldest != nullptr) {
      return remove(lanes_[at], *lanes_[at].oldest);
    }
  }
  return nullptr;
}

void JobQueue::clear() {
  for (Lane& lane : lanes_) {
    while (lane.oldest != nullptr) {
      remove(lane, *lane.oldest);
    }
  }
}

std::unique_ptr<Job> JobQueue::remove(Lane& lane, Job& job) {
  const exchange::QueueLink link = std::exchange(job.link, {});
  (link.older != nullptr ? link.older->link.newer : lane.oldest) = link.newer;
  (link.newer != nullptr ? link.newer->link.older : lane.newest) = link.older;
  if (!lane.order.is_fcfs()) {
    PREFORK_CHECK(lane.heap[link.heap_at] == &job);
    Job* const last = lane.heap.back();
    lane.heap.pop_back();
    if (last != &job) {
      put(lane.heap, link.heap_at, last);
      move_up(lane, link.heap_at);
      move_down(lane, last->link.heap_at);
    }
  }
  --size_;
  return std::unique_ptr<Job>(&job);
}

void JobQueue::move_up(Lane& lane, std::size_t at) {
  Job* const job = lane.heap[at];
  while (at > 0 && comes_before(*job, *lane.heap[(at - 1) / 2])) {
    put(lane.heap, at, lane.heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  put(lane.heap, at, job);
}

void JobQueue::move_down(Lane& lane, std::size_t at) {
  Job* const job = lane.heap[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= lane.heap.size()) {
      break;
    }
    if (child + 1 < lane.heap.size() && comes_before(*lane.heap[child + 1], *lane.heap[child])) {
      ++child;
    }
    if (!comes_before(*lane.heap[child], *job)) {
      break;
    }
    put(lane.heap, at, lane.heap[child]);
    at = child;
  }
  put(lane.heap, at, job);
}

}  // namespace prefork::pool
