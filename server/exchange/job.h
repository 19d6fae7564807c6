// A request on its way through the thread pool, with everything it needs: its own copy of the
// bytes, the handler and room for the answer. It never touches the exchange, only remembers which
// one it belongs to. One thread at a time: loop, pool thread, loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "server/exchange/application.h"
#include "server/exchange/body_channel.h"
#include "server/exchange/client_state.h"
#include "server/exchange/job_profile.h"
#include "server/exchange/token.h"
#include "server/http/owned_request.h"

namespace prefork::exchange {

class Executor;
class Job;

// Where what other threads have for an exchange is delivered. Every function may be called from any
// thread.
class CompletionSink {
 public:
  CompletionSink() = default;
  virtual ~CompletionSink() = default;
  CompletionSink(const CompletionSink&) = delete;
  CompletionSink& operator=(const CompletionSink&) = delete;

  // The head of the answer, while the handler goes on to write the content. `job` follows later.
  virtual void deliver_start(const Job& job, std::unique_ptr<http::Response> response) = 0;
  // A job is done: its exchange, if it still waits, responds.
  virtual void deliver(std::unique_ptr<Job> job) = 0;
  // Something changed that the exchange waits for.
  virtual void wake(ExchangeToken exchange) = 0;
  // Early hints for the client of a request of that number.
  virtual void deliver_hints(ExchangeToken /*exchange*/, std::uint64_t /*request*/,
                             const http::FieldList& /*fields*/) {}
};

// A job's place in the queue that has it; nobody else's.
struct QueueLink {
  Job* older = nullptr;
  Job* newer = nullptr;
  std::uint64_t key = 0;     // what comes first has the smallest one,
  std::uint64_t number = 0;  // and of those with the same key the smallest of these
  std::size_t heap_at = 0;
};

class Job : public http::ResponseStarter, public http::InterimResponder {
 public:
  ExchangeToken exchange;
  const Handler* handler = nullptr;
  JobProfile* profile = nullptr;   // of its route; null: nothing is known of it
  CompletionSink* sink = nullptr;  // needed for handlers that start a stream
  Executor* executor = nullptr;    // whose thread the handler runs on
  std::uint64_t number = 0;        // that it has there
  http::Request request;           // views into this object
  http::Response response;
  bool failed = false;          // the handler threw
  std::string failure;          // what it threw, or said of a failure that it answered itself
  std::uint64_t queued_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t started_ns = 0;
  std::uint64_t finished_ns = 0;
  QueueLink link;

  // Copies what the request's views point to.
  void own_request(const http::Request& from);
  // A new one, or the one there is.
  void begin_client();
  // The request's content, where the handler reads it while it arrives.
  void set_request_body(std::shared_ptr<BodyChannel> body);
  // The same copy, for whoever needs the request for longer than the job lasts.
  [[nodiscard]] std::shared_ptr<const http::OwnedRequest> shared_request() const { return owned_; }
  // What the exchange says of the client.
  void set_client(std::shared_ptr<ClientBox> client) { client_ = std::move(client); }

  // Runs the handler on this thread, unless nobody waits for the answer; an exception is kept as
  // text.
  void run();
  // For an answer that is completed by somebody else: before the first of it, on the event loop,
  // and after the last.
  void begin_deferred();
  void finish();
  [[nodiscard]] bool was_skipped() const { return course_.was_skipped; }
  // On the event loop, before and after the deferred handler is called: one that completes its
  // answer within that call does not send it around. `slot`: where it is put then.
  void begin_call(std::unique_ptr<Job>& slot) {
    call_.returned = &slot;
    call_.sink = sink;
  }
  void end_call() { call_.returned = nullptr; }
  // Where complete answers go: to the caller, or to the sink.
  static void deliver(std::unique_ptr<Job> job);
  // Nobody waits for the answer: there is none.
  void skip() { course_.was_skipped = true; }
  // One that has come back from its call, as new. False: somebody still has a part of it.
  bool recycle();
  // Instead of run(): there is more to do than can be done, and it is answered with 503.
  void shed();
  [[nodiscard]] bool was_shed() const { return course_.was_shed; }
  [[nodiscard]] Priority priority() const {
    return profile != nullptr ? profile->priority() : Priority::normal;
  }
  // The handler was told that its client had left: what it throws then is no fault of its own.
  [[nodiscard]] bool has_lost_client() const;
  // The handler threw, or noted a failure.
  [[nodiscard]] bool has_failed() const { return failed || !failure.empty(); }
  // The head of the answer has gone its own way.
  [[nodiscard]] bool has_started() const { return response_body_ != nullptr; }

  BodyChannel& start(http::Response& response) override;
  [[nodiscard]] bool is_abandoned() const override;
  void send_early_hints(const http::FieldList& fields) override {
    sink->deliver_hints(exchange, request.id, fields);
  }
  [[nodiscard]] const std::shared_ptr<ClientBox>& client() const override { return client_; }

 private:
  void begin();
  [[nodiscard]] bool is_on_loop_thread() const {
    return call_.thread == std::this_thread::get_id();
  }
  void lend_thread();
  void take_back_thread();
  [[nodiscard]] bool is_unwanted() const;

  std::shared_ptr<http::OwnedRequest> owned_;
  std::shared_ptr<BodyChannel> request_body_;
  std::shared_ptr<BodyChannel> response_body_;
  std::shared_ptr<ClientBox> client_;
  // Of a deferred one, on the event loop.
  struct LoopCall {
    std::thread::id thread;
    // For that thread alone, as long as the handler is in the call.
    std::unique_ptr<Job>* returned = nullptr;
    const CompletionSink* sink = nullptr;
  };
  LoopCall call_;
  struct Course {
    bool was_skipped = false;
    bool was_shed = false;
    bool has_lent_thread = false;  // to the client: until the handler is done, or has the content
    bool is_at_clients_pace = false;  // its thread was lent at some time
  };
  Course course_;
};

// Where handlers that may block run. Implemented by the worker's thread pool.
class Executor {
 public:
  Executor() = default;
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Takes the job and is its executor then, or returns false and leaves it when there is no room.
  // Never blocks.
  virtual bool submit(std::unique_ptr<Job>& job) = 0;
  // Jobs may wait for it: the loop calls it at the end of a turn in which it submitted some, so
  // that one wake-up serves them all. Never blocks.
  virtual void start_submitted() = 0;
  // While a job runs: its handler writes the answer piece by piece from now on, or waits for the
  // content, for as long as the client likes. Others need a thread in its place. Any thread.
  virtual void lend_thread(const Job& job) = 0;
  // The content is there, and the handler works on. Any thread.
  virtual void take_back_thread(const Job& job) = 0;
};

// Calls the handler; what it throws comes back as text, nothing when it returned.
bool call_handler(const Handler& handler, const http::Request& request, http::Response& response,
                  std::string& failure);

}  // namespace prefork::exchange
