// The queue against a model that is too slow to be wrong, over seeded random sequences.
#include "workers/pool/job_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace prefork::pool {
namespace {

using config::PoolOrder;
using exchange::Job;
using exchange::JobProfile;
using exchange::Priority;

constexpr std::uint64_t kMillisecondNs = 1'000'000;
constexpr std::uint64_t kSecondNs = 1'000 * kMillisecondNs;

std::unique_ptr<Job> job(std::uint64_t id, std::uint64_t queued_ns, JobProfile* profile = nullptr,
                         std::uint8_t client = 0) {
  auto job = std::make_unique<Job>();
  job->request.id = id;
  job->request.peer.family = ipc::PeerAddress::Family::ipv4;
  job->request.peer.bytes[3] = client;
  job->queued_ns = queued_ns;
  job->profile = profile;
  return job;
}

std::vector<std::uint64_t> take_all(JobQueue& queue, JobQueue::Choice choice = {}) {
  std::vector<std::uint64_t> ids;
  while (const auto job = queue.take(choice)) {
    ids.push_back(job->request.id);
  }
  return ids;
}

TEST(JobQueue, FirstComeFirstServed) {
  JobQueue queue(PoolOrder::fcfs);
  for (std::uint64_t id = 1; id <= 4; ++id) {
    queue.push(job(id, id));
  }
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(queue.oldest_ns(), 1U);
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(queue.empty());
}

TEST(JobQueue, TheNewestFirstOnlyWhereNoOtherOrderIsAskedFor) {
  JobQueue fcfs(PoolOrder::fcfs);
  JobQueue turns(PoolOrder::round_robin);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    fcfs.push(job(id, id));
    turns.push(job(id, id));
  }
  EXPECT_EQ(take_all(fcfs, {.newest_first = true}), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(take_all(turns, {.newest_first = true}), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(JobQueue, TheShortestExpectedFirstButNobodyIsOvertakenByWhoComesASecondLater) {
  JobQueue queue(PoolOrder::shortest);
  JobProfile quick("", Priority::normal);
  quick.note(kMillisecondNs);
  JobProfile slow("", Priority::normal);
  slow.note(10 * kSecondNs);
  queue.push(job(1, kSecondNs, &slow));
  queue.push(job(2, kSecondNs + 1, &quick));
  queue.push(job(3, 2 * kSecondNs - 20 * kMillisecondNs, &quick));
  queue.push(job(4, 2 * kSecondNs, &quick));
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{2, 3, 1, 4}));
}

TEST(JobQueue, EachClientHasItsTurnHoweverManyAnotherOneSends) {
  JobQueue queue(PoolOrder::round_robin);
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    queue.push(job(id, id, nullptr, 1));
  }
  EXPECT_EQ(queue.take({})->request.id, 1U);
  queue.push(job(5001, 1001, nullptr, 2));
  queue.push(job(5002, 1002, nullptr, 2));
  const std::vector<std::uint64_t> order = take_all(queue);
  ASSERT_EQ(order.size(), 1001U);
  EXPECT_EQ((std::vector<std::uint64_t>(order.begin(), order.begin() + 5)),
            (std::vector<std::uint64_t>{2, 5001, 3, 5002, 4}));
}

TEST(JobQueue, WhoTakesLongSinksALevelUntilTheBoost) {
  JobQueue queue(PoolOrder::feedback);
  JobProfile quick("", Priority::normal);
  quick.note(kMillisecondNs / 2);
  JobProfile medium("", Priority::normal);
  medium.note(5 * kMillisecondNs);
  JobProfile slow("", Priority::normal);
  slow.note(50 * kMillisecondNs);
  queue.push(job(1, 10 * kSecondNs + 1, &slow));
  queue.push(job(2, 10 * kSecondNs + 2, &medium));
  queue.push(job(3, 10 * kSecondNs + 3, &quick));
  queue.push(job(4, 11 * kSecondNs, &quick));
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{3, 2, 1, 4}));
}

TEST(JobQueue, ALowerPriorityWaitsForEightOthersAtMost) {
  JobQueue queue(PoolOrder::fcfs);
  JobProfile high("", Priority::high);
  JobProfile low("", Priority::low);
  for (std::uint64_t id = 1; id <= 30; ++id) {
    queue.push(job(id, id, &high));
  }
  queue.push(job(101, 31, &low));
  queue.push(job(102, 32, &low));
  const std::vector<std::uint64_t> order = take_all(queue);
  const auto place_of = [&](std::uint64_t id) {
    return std::find(order.begin(), order.end(), id) - order.begin();
  };
  EXPECT_EQ(place_of(101), 8);
  EXPECT_EQ(place_of(102), 17);
}

TEST(JobQueue, AThreadForHighPriorityTakesNothingElse) {
  JobQueue queue(PoolOrder::fcfs);
  JobProfile high("", Priority::high);
  queue.push(job(1, 1));
  EXPECT_EQ(queue.take({.only_high = true}), nullptr);
  queue.push(job(2, 2, &high));
  EXPECT_TRUE(queue.has(Priority::high));
  EXPECT_EQ(queue.take({.only_high = true})->request.id, 2U);
  EXPECT_FALSE(queue.has(Priority::high));
  EXPECT_EQ(queue.size(), 1U);
}

TEST(JobQueue, WhoeverHasWaitedTooLongIsFoundInEveryPriority) {
  for (const PoolOrder order : {PoolOrder::fcfs, PoolOrder::shortest, PoolOrder::round_robin}) {
    JobQueue queue(order);
    JobProfile low("", Priority::low);
    queue.push(job(1, 10));
    queue.push(job(2, 20, &low));
    queue.push(job(3, 30));
    EXPECT_EQ(queue.take_older_than(10), nullptr);
    EXPECT_EQ(queue.take_older_than(30)->request.id, 1U);
    EXPECT_EQ(queue.take_older_than(30)->request.id, 2U);
    EXPECT_EQ(queue.take_older_than(30), nullptr);
    EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{3}));
  }
}

TEST(JobQueue, RoomIsMadeForTheSamePriorityOrAHigherOne) {
  JobQueue queue(PoolOrder::fcfs);
  JobProfile high("", Priority::high);
  queue.push(job(1, 1, &high));
  EXPECT_EQ(queue.take_in_favour_of(Priority::normal), nullptr);
  queue.push(job(2, 2));
  queue.push(job(3, 3));
  EXPECT_EQ(queue.take_in_favour_of(Priority::high)->request.id, 2U);
  EXPECT_EQ(queue.take_in_favour_of(Priority::normal)->request.id, 3U);
  EXPECT_EQ(queue.take_in_favour_of(Priority::high)->request.id, 1U);
}

// --- the model -----------------------------------------------------------------------------------

struct ModelJob {
  std::uint64_t id = 0;
  std::uint64_t queued_ns = 0;
  std::uint64_t key = 0;
  std::size_t priority = 0;
};

// Keeps what waits in the order it came, and looks through all of it each time.
class Model {
 public:
  explicit Model(PoolOrder order) : orders_{JobOrder(order), JobOrder(order), JobOrder(order)} {}

  void push(const Job& job) {
    const auto priority = static_cast<std::size_t>(job.priority());
    waiting_.push_back({job.request.id, job.queued_ns, orders_[priority].key_of(job), priority});
  }

  std::optional<std::uint64_t> take() {
    std::optional<std::size_t> priority;
    for (std::size_t at = 0; at < 3; ++at) {
      if (!priority && has(at)) {
        priority = at;
      }
      if (has(at) && passed_over_[at] >= JobQueue::kTurnsAhead) {
        priority = at;
      }
    }
    if (!priority) {
      return std::nullopt;
    }
    passed_over_[*priority] = 0;
    for (std::size_t lower = *priority + 1; lower < 3; ++lower) {
      passed_over_[lower] += has(lower) ? 1U : 0U;
    }
    std::size_t best = waiting_.size();
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const bool is_better = best == waiting_.size() || waiting_[i].key < waiting_[best].key;
      best = waiting_[i].priority == *priority && is_better ? i : best;
    }
    orders_[*priority].on_taken(waiting_[best].key);
    return remove(best);
  }

  std::optional<std::uint64_t> take_older_than(std::uint64_t ns) {
    for (std::size_t priority = 0; priority < 3; ++priority) {
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (waiting_[i].priority == priority) {
          if (waiting_[i].queued_ns < ns) {
            return remove(i);
          }
          break;
        }
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  [[nodiscard]] bool has(std::size_t priority) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [priority](const ModelJob& job) { return job.priority == priority; });
  }
  std::uint64_t remove(std::size_t at) {
    const std::uint64_t id = waiting_[at].id;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    return id;
  }

  std::array<JobOrder, 3> orders_;
  std::array<std::uint32_t, 3> passed_over_{};
  std::vector<ModelJob> waiting_;
};

class JobQueueWalk : public testing::TestWithParam<PoolOrder> {
 protected:
  JobQueueWalk() {
    for (const Priority priority : {Priority::high, Priority::normal, Priority::low}) {
      for (const std::uint64_t ms : std::array<std::uint64_t, 5>{0, 1, 4, 40, 4000}) {
        profiles_.push_back(std::make_unique<JobProfile>("", priority));
        profiles_.back()->note(ms * kMillisecondNs);
      }
    }
  }

  std::unique_ptr<Job> random_job(std::mt19937_64& random, std::uint64_t id,
                                  std::uint64_t queued_ns) {
    return job(id, queued_ns, profiles_[random() % profiles_.size()].get(),
               static_cast<std::uint8_t>(random() % 7));
  }

  std::vector<std::unique_ptr<JobProfile>> profiles_;
};

TEST_P(JobQueueWalk, GivesBackEachJobOnceAndInTheOrderOfTheModel) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    JobQueue queue(GetParam());
    Model model(GetParam());
    std::uint64_t now_ns = kSecondNs;
    std::uint64_t id = 0;
    std::uint64_t taken = 0;
    for (int step = 0; step < 3000; ++step) {
      now_ns += random() % (20 * kMillisecondNs);
      const auto what = random() % 20;
      std::unique_ptr<Job> out;
      std::optional<std::uint64_t> expected;
      if (what < 10) {
        auto in = random_job(random, ++id, now_ns);
        model.push(*in);
        queue.push(std::move(in));
        continue;
      }
      if (what < 19) {
        out = queue.take({});
        expected = model.take();
      } else {
        out = queue.take_older_than(now_ns - kSecondNs);
        expected = model.take_older_than(now_ns - kSecondNs);
      }
      ASSERT_EQ(out ? std::optional(out->request.id) : std::nullopt, expected);
      taken += out ? 1U : 0U;
      ASSERT_EQ(queue.size(), model.size());
    }
    ASSERT_EQ(taken + queue.size(), id) << "nothing is lost";
  }
}

// However others press: of each priority, whoever waits is taken while the queue is fed for ever.
TEST_P(JobQueueWalk, NobodyWaitsForEver) {
  std::mt19937_64 random(7);
  JobQueue queue(GetParam());
  std::uint64_t now_ns = kSecondNs;
  std::uint64_t id = 0;
  std::map<std::uint64_t, int> waiting_since;
  constexpr int kLongest = 4'000;  // takes; 100 wait, of which each may have to wait for nine
  for (int step = 0; step < 50'000; ++step) {
    now_ns += kMillisecondNs;
    while (queue.size() < 100) {
      queue.push(random_job(random, ++id, now_ns));
      waiting_since[id] = step;
    }
    const auto job = queue.take({});
    ASSERT_LE(step - waiting_since[job->request.id], kLongest);
    waiting_since.erase(job->request.id);
    for (const auto& [waiting, since] : waiting_since) {
      ASSERT_LE(step - since, kLongest) << waiting;
      break;  // the oldest
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, JobQueueWalk,
                         testing::Values(PoolOrder::fcfs, PoolOrder::shortest,
                                         PoolOrder::round_robin, PoolOrder::feedback));

}  // namespace
}  // namespace prefork::pool
