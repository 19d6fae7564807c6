// A worker's boxes in ipc::KeptRequests: a request is put into one while somebody works on it. Any
// thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/kept/kept_requests.h"
#include "server/http/request.h"

namespace prefork::worker {

class RequestBoxes {
 public:
  static constexpr std::uint32_t kNone = ipc::KeptRequests::kBoxes;

  // `kept` outlives it. `self`: the worker's place.
  RequestBoxes(const ipc::KeptRequests& kept, ipc::Place self) : kept_(kept), self_(self) {}

  // Returns its box; kNone: all are in use, and it is not kept.
  [[nodiscard]] std::uint32_t keep(const http::Request& request);
  void release(std::uint32_t box);

 private:
  const ipc::KeptRequests& kept_;
  const ipc::Place self_;
  std::atomic<std::uint64_t> free_{~std::uint64_t{0}};  // a bit for each
};

}  // namespace prefork::worker
