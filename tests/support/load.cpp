#include "tests/support/load.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "tests/support/http_client.h"

namespace prefork::test {

namespace {

constexpr std::size_t kToldFailures = 5;

// Empty: it is what was expected.
std::string problem_of(const Reply& reply, const LoadShape& shape) {
  if (reply.status == 200 && reply.body == shape.expected_body) {
    return "";
  }
  std::ostringstream text;
  text << reply;
  return text.str();
}

}  // namespace

std::string LoadReport::first_failures() const {
  std::string text = std::to_string(failures.size()) + " failures\n";
  for (std::size_t i = 0; i < std::min(failures.size(), kToldFailures); ++i) {
    text += failures[i] + "\n";
  }
  return text;
}

Load::Load(std::string url, LoadShape shape) : url_(std::move(url)), shape_(std::move(shape)) {
  for (int i = 0; i < shape_.keep_alive_clients; ++i) {
    threads_.emplace_back([this] { run_keep_alive_client(); });
  }
  for (int i = 0; i < shape_.new_connection_clients; ++i) {
    threads_.emplace_back([this] { run_new_connection_client(); });
  }
}

Load::~Load() { stop(); }

bool Load::wait_for_answers(std::uint64_t more, Milliseconds within) const {
  const std::uint64_t goal = answered() + more;
  return wait_until([this, goal] { return answered() >= goal; }, within);
}

LoadReport Load::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  const std::lock_guard lock(mutex_);
  return {answered(), connections_.load(), failures_, slowest_};
}

void Load::note(const std::string& problem, TestClock::time_point start) {
  const Milliseconds took = elapsed_since(start);
  if (problem.empty()) {
    ++answered_;
  } else {
    ++failed_;
  }
  const std::lock_guard lock(mutex_);
  slowest_ = std::max(slowest_, took);
  if (!problem.empty()) {
    failures_.push_back(problem);
  }
}

void Load::run_keep_alive_client() {
  std::unique_ptr<Client> client;
  while (!stopping_) {
    const auto start = TestClock::now();
    if (!client) {
      client = std::make_unique<Client>(url_);
      ++connections_;
    }
    const Reply reply = client->get(shape_.path);
    const std::string problem = problem_of(reply, shape_);
    note(problem, start);
    if (!problem.empty() || reply.says_close()) {
      client.reset();
    }
    pause_for(shape_.pause);
  }
}

void Load::run_new_connection_client() {
  while (!stopping_) {
    const auto start = TestClock::now();
    note(problem_of(get(url_, shape_.path), shape_), start);
    pause_for(shape_.pause);
  }
}

}  // namespace prefork::test
