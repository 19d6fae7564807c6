// A request on its way through the thread pool, with everything it needs: its own copy of the
// bytes, the handler and room for the answer. It never touches the connection, only remembers which
// one it belongs to. One thread at a time: loop, pool thread, loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "server/exchange/application.h"
#include "server/exchange/body_channel.h"
#include "server/http/owned_request.h"

namespace prefork::exchange {

// Names a connection without pointing to it: stale once another one took its place.
struct ConnectionToken {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

class Job;

// The server a job came from. Every function may be called from any thread.
class JobHome {
 public:
  JobHome() = default;
  virtual ~JobHome() = default;
  JobHome(const JobHome&) = delete;
  JobHome& operator=(const JobHome&) = delete;

  // The head of the answer, while the handler goes on to write the content. `job` comes home later.
  virtual void deliver_start(const Job& job, std::unique_ptr<http::Response> response) = 0;
  // A job is done: its connection, if it still waits, answers.
  virtual void deliver(std::unique_ptr<Job> job) = 0;
  // Something changed that the connection waits for.
  virtual void wake(ConnectionToken connection) = 0;
};

class Job : public http::ResponseStarter {
 public:
  ConnectionToken connection;
  const Handler* handler = nullptr;
  JobHome* home = nullptr;  // needed for handlers that start a stream
  http::Request request;    // views into this object
  http::Response response;
  bool failed = false;          // the handler threw
  std::string failure;          // what it threw
  std::uint64_t queued_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t started_ns = 0;
  std::uint64_t finished_ns = 0;

  // Copies what the request's views point to.
  void own_request(const http::Request& from);
  // The request's content, where the handler reads it while it arrives.
  void set_intake(std::shared_ptr<BodyChannel> intake);
  // Set by the connection when nobody waits for the answer any more.
  void set_abandoned(std::shared_ptr<const std::atomic<bool>> abandoned) {
    abandoned_ = std::move(abandoned);
  }

  // Runs the handler on this thread, unless the answer was abandoned already; an exception is kept
  // as text.
  void run();
  // For an answer that is completed by somebody else: before the first of it, and after the last.
  void begin();
  void finish();
  // Something that is needed as long as the request.
  void keep_alive(std::shared_ptr<const void> thing) { kept_alive_ = std::move(thing); }
  [[nodiscard]] bool was_skipped() const { return skipped_; }
  // The head of the answer has gone its own way.
  [[nodiscard]] bool has_started() const { return outlet_ != nullptr; }

  BodyChannel& start(http::Response& response) override;

 private:
  http::OwnedRequest owned_;
  std::shared_ptr<BodyChannel> intake_;
  std::shared_ptr<BodyChannel> outlet_;
  std::shared_ptr<const std::atomic<bool>> abandoned_;
  std::shared_ptr<const void> kept_alive_;
  bool skipped_ = false;
};

// Where handlers that may block run. Implemented by the worker's thread pool.
class Executor {
 public:
  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Takes the job, or returns false and leaves it when the queue is full. Never blocks.
  virtual bool submit(std::unique_ptr<Job>& job) = 0;
  // Jobs may wait for it: the loop calls it at the end of a turn in which it submitted some, so
  // that one wake-up serves them all. Never blocks.
  virtual void start_submitted() = 0;
};

// Calls the handler; what it throws comes back as text, nothing when it returned.
bool call_handler(const Handler& handler, const http::Request& request, http::Response& response,
                  std::string& failure);

}  // namespace prefork::exchange
