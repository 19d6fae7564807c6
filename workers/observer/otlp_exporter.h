// Sends the spans that workers leave to a collector (--trace otlp), in batches: when there are
// enough for one, or when the first of them has waited for some seconds. A collector that is away
// or overloaded is asked again, later and later; what waits meanwhile is bounded, here and in the
// rings, where workers count what finds no room. Nothing waits for the collector. Part of the
// observer; one thread: its event loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/options.h"
#include "ipc/spans/span_rings.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"
#include "workers/observer/collector_link.h"

namespace prefork::observer {

class OtlpExporter {
 public:
  static constexpr std::size_t kBatchSpans = 512;
  static constexpr std::size_t kQueueSpans = 8192;
  static constexpr std::uint64_t kBatchNs = 5'000'000'000;  // that the first one waits at most
  // A batch is tried so often; then it is discarded.
  static constexpr int kMaxTries = 6;
  static constexpr std::uint64_t kFirstPauseNs = 1'000'000'000;  // before the second; then double

  using Report = std::function<void(config::LogLevel level, std::string_view line)>;
  // All of it outlives the exporter.
  struct Parts {
    loop::EventLoop& loop;
    const ipc::SpanRings& rings;
  };

  // Begins at once.
  OtlpExporter(const Parts& parts, const config::TraceOptions& options, Report report);
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  // Sends what it has taken, without waiting for more or trying twice; `is_last`: and what is still
  // in the rings, for nobody comes after it who would.
  void finish(bool is_last);
  // What it has not sent is lost, and counted. Afterwards it is done.
  void give_up();
  [[nodiscard]] bool is_done() const { return is_finishing_ && queue_.empty() && tries_ == 0; }

 private:
  void look();
  void collect();
  void send_if_due();
  void send();
  void on_outcome(const CollectorLink::Outcome& outcome);
  void settle_batch(bool is_sent);
  void try_again_later(const CollectorLink::Outcome& outcome);
  void tell(const CollectorLink::Outcome& outcome);

  const Parts parts_;
  const config::TraceOptions options_;
  const Report report_;
  CollectorLink link_;
  loop::Timer look_timer_;
  loop::Timer retry_timer_;
  std::vector<ipc::SpanRecord> taken_;  // here for its memory
  std::deque<ipc::SpanRecord> queue_;
  std::uint64_t waiting_since_ns_ = 0;  // the first one in the queue
  std::string body_;                    // the batch on its way, made of so many spans
  std::size_t body_spans_ = 0;
  int tries_ = 0;                // of it; 0: there is none
  bool is_failing_ = false;      // that was said
  std::uint64_t discarded_ = 0;  // since then
  bool is_finishing_ = false;
};

}  // namespace prefork::observer
