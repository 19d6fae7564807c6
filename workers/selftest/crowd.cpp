#include "workers/selftest/crowd.h"

#include <memory>
#include <utility>

#include "workers/selftest/exchange_client.h"

namespace prefork::selftest {

namespace {

constexpr std::chrono::seconds kCrowdPatience{20};
constexpr std::chrono::milliseconds kBetweenLooks{1};
// So that a server that is gone is not asked a million times.
constexpr std::chrono::milliseconds kBetweenRequests{1};

}  // namespace

Crowd::Crowd(std::uint16_t port) : port_(port) {
  for (int i = 0; i < kKeepers; ++i) {
    threads_.emplace_back([this, i] { keep_asking(i); });
  }
  for (int i = 0; i < kNewcomers; ++i) {
    threads_.emplace_back([this, i] { ask_anew(i); });
  }
}

Crowd::~Crowd() { stop(); }

void Crowd::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Crowd::keep_asking(int index) {
  std::unique_ptr<ExchangeClient> client;
  for (auto number = static_cast<std::uint64_t>(index); !stopping_; ++number) {
    if (client == nullptr) {
      client = std::make_unique<ExchangeClient>(port_);
    }
    if (!ask(*client, number, Clock::now())) {
      client.reset();
    } else if (client->is_closed_by_server()) {
      ++closed_;
      client.reset();
    }
    std::this_thread::sleep_for(kBetweenRequests);
  }
}

void Crowd::ask_anew(int index) {
  for (auto number = static_cast<std::uint64_t>(index); !stopping_; ++number) {
    const auto sent = Clock::now();
    ExchangeClient client(port_);
    ask(client, number, sent);
    std::this_thread::sleep_for(kBetweenRequests);
  }
}

bool Crowd::ask(ExchangeClient& client, std::uint64_t number, Clock::time_point sent) {
  std::string problem = client.exchange(known_exchange(number));
  if (problem.empty()) {
    ++answered_;
    return true;
  }
  const std::lock_guard lock(mutex_);
  losses_.push_back({sent, Clock::now(), std::move(problem)});
  return false;
}

std::vector<Loss> Crowd::take_losses() {
  const std::lock_guard lock(mutex_);
  return std::exchange(losses_, {});
}

bool Crowd::wait_for_answers(std::uint64_t more) const {
  const std::uint64_t wanted = answered_ + more;
  for (const auto end = Clock::now() + kCrowdPatience; answered_ < wanted;) {
    if (Clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

}  // namespace prefork::selftest
