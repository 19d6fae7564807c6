// Traces of one worker (--trace): gives each request its ids, and leaves a span of those that are
// to be seen for the observer, which sends them on. Which ones: the caller's flag decides where
// there is a caller, else a share at random; and those that failed or were slow, whoever decided
// against them. One thread: the event loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "config/values/ratio.h"
#include "ipc/base/monotonic.h"
#include "ipc/counters.h"
#include "ipc/spans/span_rings.h"
#include "server/exchange/access_record.h"
#include "server/http/request_trace.h"

namespace prefork::exchange {

class Tracer {
 public:
  struct Settings {
    config::Ratio sample;  // of those that begin here
    std::uint64_t slow_ns = ipc::kNever;
    std::uint32_t worker = 0;
  };
  // When an exchange began, when its answer did (0: it was sent at once) and when it ended.
  struct Times {
    std::uint64_t began_ns = 0;
    std::uint64_t answered_ns = 0;
    std::uint64_t ended_ns = 0;
  };

  // `ring`: null: nobody sends spans. Both outlive it. In the process whose requests it traces: its
  // ids are random from here on.
  Tracer(const Settings& settings, ipc::SpanRing* ring, ipc::Counters& counters);

  // A request has begun. `trace` is made, unless it is there and nobody else's any more. `route`:
  // the pattern of who answers it, which outlives the request; empty: nobody does.
  void begin(std::shared_ptr<http::RequestTrace>& trace, http::FieldView fields,
             std::string_view route);

  [[nodiscard]] bool leaves_spans() const { return ring_ != nullptr; }
  // A request of it is over, where it leaves spans.
  void end(const AccessRecord& record, const Times& times);

 private:
  std::uint64_t random();
  [[nodiscard]] bool is_wanted(const AccessRecord& record, const Times& times) const;

  const Settings settings_;
  ipc::SpanRing* const ring_;
  ipc::Counters& counters_;
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace prefork::exchange
