// Counts answered requests by route, method and status, and their times by route, into a process's
// record; see ipc/route_record.h. One thread: the event loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "ipc/route_record.h"
#include "server/exchange/application.h"
#include "server/http/request.h"

namespace prefork::exchange {

class RequestStatistics {
 public:
  // Which names and kinds there are: of this process alone, or of all that show their numbers
  // together.
  struct Labels {
    // Of the application's routes, by their number, see RouteNames; those that it does not name are
    // counted together.
    std::vector<ipc::RouteLabel> routes{};
    ipc::RequestKinds* kinds = nullptr;  // outlives this; null: they are this one's
  };

  // `record` is written by this one alone and outlives it.
  RequestStatistics(ipc::RouteRecord& record, Labels labels);

  // Which route a request counts for.
  [[nodiscard]] ipc::RouteLabel label_of(const RouteMatch& match) const {
    if (match.number != 0) {
      return match.number < labels_.routes.size() ? labels_.routes[match.number] : ipc::kOtherRoute;
    }
    return match.is_file ? ipc::kFilesRoute : ipc::kUnmatchedRoute;
  }

  // An exchange is over. `request`: null where it could not be understood.
  void count(const http::Request* request, int status, std::uint64_t content_bytes) {
    count({request == nullptr ? ipc::kUnmatchedRoute : request->label,
           request == nullptr ? kOtherMethod : static_cast<std::uint8_t>(request->method),
           static_cast<std::uint16_t>(status)});
    record_.response_sizes.record(content_bytes);
  }

  void record_duration(ipc::RouteLabel route, std::uint64_t duration_us, std::uint64_t count = 1) {
    record_.durations[route].record(duration_us, count);
  }
  [[nodiscard]] ipc::RouteRecord& record() { return record_; }

 private:
  static constexpr std::uint8_t kOtherMethod = ipc::RequestKind::kMethods - 1;
  static_assert(static_cast<std::uint8_t>(http::Method::other) == kOtherMethod);
  // More than twice as many as there are cells, so that one is found within a few steps.
  static constexpr std::size_t kIndexSize = 4096;
  static constexpr unsigned kIndexShift = 32 - 12;

  struct Known {
    std::uint32_t key = 0;  // 0: none
    std::size_t place = 0;
  };

  void count(const ipc::RequestKind& kind) {
    if (kind.key() != last_.key) {
      last_ = find(kind);
    }
    record_.requests.add(last_.place, 1);
  }
  Known find(const ipc::RequestKind& kind);

  ipc::RouteRecord& record_;
  const std::unique_ptr<ipc::RequestKinds> own_kinds_;
  const Labels labels_;
  Known last_;
  std::vector<Known> index_;
  std::size_t known_ = 0;
};

}  // namespace prefork::exchange
