// --keep-requests: what a worker had in hand when it died becomes files, each of which can be tried
// again (`prefork-server replay`). The requests are copied at once, before another worker has the
// place; the files are written by a process of its own, for whose disk nobody waits. Master only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ipc/kept/kept_file.h"
#include "ipc/kept/kept_requests.h"
#include "workers/child/log.h"
#include "workers/supervision/supervisor_messages.h"

namespace prefork::master {

class RequestFiles {
 public:
  static constexpr std::size_t kMaxPerDeath = 16;
  static constexpr std::size_t kMaxWriters = 4;  // at a time; of who dies then nothing is kept
  static constexpr std::chrono::seconds kPatience{10};

  // Both outlive it. Null: there are none, and nothing here is used.
  RequestFiles(const ipc::KeptRequests* kept, child::Log& log) : kept_(kept), log_(log) {}
  ~RequestFiles();
  RequestFiles(const RequestFiles&) = delete;
  RequestFiles& operator=(const RequestFiles&) = delete;

  // The worker in this place is gone. `folder`: where its requests go; empty: they are forgotten.
  void on_end(ipc::Place at, const std::string& folder, const ipc::KeptAbout& about);

  [[nodiscard]] std::optional<supervision::TimePoint> deadline() const;
  // Ends who writes for too long.
  void enforce(supervision::TimePoint now);
  // True: it was one who writes.
  bool on_reaped(supervision::Pid pid);
  // Everything is written, or will not be.
  [[nodiscard]] bool empty() const { return !deadline(); }

 private:
  struct Writer {
    supervision::Pid pid = 0;
    supervision::TimePoint until;
    bool is_killed = false;
  };

  const ipc::KeptRequests* kept_;
  child::Log& log_;
  std::vector<Writer> writers_;
};

}  // namespace prefork::master
