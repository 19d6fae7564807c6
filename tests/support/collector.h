// A collector of spans, as a test wants it: takes what is posted to it, keeps it, and answers as it
// is told. On a thread of its own; everything else may be called by the test's.
#pragma once

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "ipc/base/owned_fd.h"
#include "tests/support/waiting.h"

namespace prefork::test {

class Collector {
 public:
  Collector();
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // http://127.0.0.1:PORT/v1/traces
  [[nodiscard]] std::string url() const;

  // Of all that follows: what is answered instead of 200, and then not kept.
  void answer_with(int status) { status_ = status; }
  // Whether a connection stays open behind an answer.
  void close_connections(bool closes) { closes_ = closes; }

  // Every span so far, in the order in which they came. Each with its resource beside it:
  // {"service": ..., "span": ...}.
  [[nodiscard]] std::vector<nlohmann::json> spans() const;
  bool wait_for_spans(std::size_t count, Milliseconds within = kPatience) const;
  [[nodiscard]] std::size_t connections() const { return connections_; }
  // That were answered, however.
  [[nodiscard]] std::size_t requests() const { return requests_; }
  // The head of the last one.
  [[nodiscard]] std::string last_head() const;

 private:
  void serve();
  void serve_connection(const ipc::OwnedFd& socket);
  bool take_request(std::string& received, const ipc::OwnedFd& socket);
  void keep(const std::string& body);

  ipc::OwnedFd listener_;
  ipc::OwnedFd stop_read_;
  ipc::OwnedFd stop_write_;
  std::atomic<int> status_{200};
  std::atomic<bool> closes_{false};
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> requests_{0};
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> spans_;  // guarded by mutex_, as is the head
  std::string last_head_;
  std::thread thread_;
};

// The value of an attribute of a span, as text; "none": it has no such attribute.
std::string attribute_of(const nlohmann::json& span, const std::string& key);

}  // namespace prefork::test
