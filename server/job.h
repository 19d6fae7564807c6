// A request on its way through the thread pool, with everything it needs: its own copy of the
// bytes, the handler and room for the answer. It never touches the connection, only remembers which
// one it belongs to. One thread at a time: loop, pool thread, loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/application.h"
#include "server/request_parser.h"

namespace prefork {

// Names a connection without pointing to it: stale once another one took its place.
struct ConnectionToken {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;
};

struct Job {
  ConnectionToken connection;
  const Handler* handler = nullptr;
  Request request;
  Response response;
  bool failed = false;          // the handler threw
  std::string failure;          // what it threw
  std::uint64_t queued_ns = 0;  // CLOCK_MONOTONIC
  std::uint64_t started_ns = 0;
  std::uint64_t finished_ns = 0;

  // Copies what the request's views point to.
  void own_request(const Request& from);

  // Runs the handler on this thread; an exception is kept as text.
  void run();

 private:
  std::string bytes_;
  std::vector<Field> fields_;
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
};

// Calls the handler; what it throws comes back as text, nothing when it returned.
bool call_handler(const Handler& handler, const Request& request, Response& response,
                  std::string& failure);

}  // namespace prefork
