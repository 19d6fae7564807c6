#include "workers/observer/otlp_exporter.h"

#include <algorithm>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/base/timespec.h"
#include "workers/observer/otlp_json.h"

namespace prefork::observer {

namespace {

// Between two looks at the rings, while there is something in them and else: of what comes in that
// time they hold 20,000 spans a second of each worker.
constexpr std::uint64_t kBusyLookNs = 50'000'000;
constexpr std::uint64_t kIdleLookNs = 100'000'000;
constexpr std::uint64_t kLongestPauseNs = 30'000'000'000;

// OTLP/HTTP: what may go well another time. No answer at all may, too.
bool may_be_tried_again(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

bool is_success(int status) { return status >= 200 && status < 300; }

std::string number_of_spans(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " span" : " spans");
}

}  // namespace

OtlpExporter::OtlpExporter(const Parts& parts, const config::TraceOptions& options, Report report)
    : parts_(parts),
      options_(options),
      report_(std::move(report)),
      link_(parts.loop, options.collector,
            [this](const CollectorLink::Outcome& outcome) { on_outcome(outcome); }),
      look_timer_(parts.loop, [this] { look(); }),
      retry_timer_(parts.loop, [this] { send(); }) {
  look_timer_.arm(ipc::monotonic_ns());
}

void OtlpExporter::finish(bool is_last) {
  if (is_last) {
    collect();
  }
  is_finishing_ = true;
  look_timer_.disarm();
  if (tries_ != 0 && !link_.is_busy()) {
    retry_timer_.disarm();
    send();
  } else {
    send_if_due();
  }
}

void OtlpExporter::look() {
  if (is_finishing_) {
    // Whoever comes after this one takes the rest.
    return send_if_due();
  }
  collect();
  send_if_due();
  const std::uint64_t pause_ns = taken_.empty() ? kIdleLookNs : kBusyLookNs;
  look_timer_.arm(parts_.loop.now_ns() + pause_ns);
}

void OtlpExporter::collect() {
  taken_.clear();
  for (std::uint32_t slot = 0, slots = parts_.rings.slots_used(); slot < slots; ++slot) {
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      // What there is no room for stays where it is.
      parts_.rings.ring({slot, seat}).take(taken_, kQueueSpans - queue_.size() - taken_.size());
    }
  }
  if (queue_.empty()) {
    waiting_since_ns_ = parts_.loop.now_ns();
  }
  queue_.insert(queue_.end(), taken_.begin(), taken_.end());
}

void OtlpExporter::send_if_due() {
  const bool is_due = queue_.size() >= kBatchSpans || is_finishing_ ||
                      parts_.loop.now_ns() >= waiting_since_ns_ + kBatchNs;
  if (tries_ != 0 || queue_.empty() || !is_due) {
    return;
  }
  const auto end =
      queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatchSpans));
  const std::vector<ipc::SpanRecord> batch(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  waiting_since_ns_ = parts_.loop.now_ns();
  body_ = to_otlp_json(batch, options_.service);
  body_spans_ = batch.size();
  send();
}

void OtlpExporter::send() {
  ++tries_;
  link_.post(body_);
}

void OtlpExporter::on_outcome(const CollectorLink::Outcome& outcome) {
  if (is_success(outcome.status)) {
    tell(outcome);
    settle_batch(true);
  } else if (may_be_tried_again(outcome.status) && tries_ < kMaxTries && !is_finishing_) {
    tell(outcome);
    try_again_later(outcome);
  } else {
    tell(outcome);
    settle_batch(false);
    if (is_finishing_) {
      // Nobody will be there to hear of another answer.
      give_up();
    }
  }
}

void OtlpExporter::give_up() {
  parts_.rings.totals().discarded += queue_.size() + body_spans_;
  queue_.clear();
  body_spans_ = 0;
}

void OtlpExporter::settle_batch(bool is_sent) {
  ipc::SpanTotals& totals = parts_.rings.totals();
  (is_sent ? totals.sent : totals.discarded) += body_spans_;
  discarded_ += is_sent ? 0 : body_spans_;
  body_.clear();
  body_spans_ = 0;
  tries_ = 0;
  // In a turn of its own, for this one may be called from within the sending.
  if (is_finishing_ || queue_.size() >= kBatchSpans) {
    look_timer_.arm(parts_.loop.now_ns());
  }
}

void OtlpExporter::try_again_later(const CollectorLink::Outcome& outcome) {
  const std::uint64_t doubled_ns = kFirstPauseNs << static_cast<unsigned>(tries_ - 1);
  const std::uint64_t asked_ns = outcome.retry_after_s.value_or(0) * ipc::kNsPerSecond;
  retry_timer_.arm(parts_.loop.refresh_now() +
                   std::min(std::max(doubled_ns, asked_ns), kLongestPauseNs));
}

// A collector that is away is worth a line when it begins and when it is over, not one each time.
void OtlpExporter::tell(const CollectorLink::Outcome& outcome) {
  const bool fails = !is_success(outcome.status);
  if (fails == is_failing_) {
    return;
  }
  is_failing_ = fails;
  const std::string collector = "the collector " + options_.collector.text();
  if (!fails) {
    report_(config::LogLevel::info, collector + " takes spans again; " +
                                        number_of_spans(std::exchange(discarded_, 0)) +
                                        " discarded meanwhile");
    return;
  }
  const std::string why =
      outcome.status == 0 ? outcome.problem : "answered with " + std::to_string(outcome.status);
  report_(
      config::LogLevel::warning,
      collector + " does not take spans: " + why +
          (may_be_tried_again(outcome.status) ? "; it is tried again" : "; they are discarded"));
}

}  // namespace prefork::observer
