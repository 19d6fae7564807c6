#include "server/exchange/tracer.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <ctime>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "server/http/status.h"

namespace prefork::exchange {

namespace {

// So much of each is enough to tell what it was; the rest of the room is the application's.
constexpr std::size_t kMaxMethodBytes = 16;
constexpr std::size_t kMaxRouteBytes = 64;
constexpr std::size_t kMaxHostBytes = 48;
constexpr std::size_t kMaxPathBytes = 120;
constexpr std::size_t kMaxCutBytes = 8;

std::uint32_t as_32_bits(std::uint64_t number) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

void copy_id(std::string_view id, std::span<char> to) {
  std::copy_n(id.begin(), std::min(id.size(), to.size()), to.begin());
}

void fill_in_request(ipc::SpanRecord& span, const http::Request& request) {
  const http::RequestTrace& trace = *request.trace;
  copy_id(trace.own().trace_id(), span.trace_id);
  copy_id(trace.own().span_id(), span.span_id);
  copy_id(trace.parent_span(), span.parent_id);
  span.is_sampled = trace.own().is_sampled();
  span.is_https = request.scheme == http::Scheme::https;
  span.version_minor = static_cast<std::uint8_t>(request.version_minor);
}

void fill_in_texts(ipc::SpanRecord& span, const AccessRecord& record) {
  const http::Request& request = *record.request;
  span.set_text(ipc::SpanText::method, request.method_text, kMaxMethodBytes);
  span.set_text(ipc::SpanText::route, request.trace->route(), kMaxRouteBytes);
  span.set_text(ipc::SpanText::host, request.host, kMaxHostBytes);
  span.set_text(ipc::SpanText::path, request.target.substr(0, request.target.find('?')),
                kMaxPathBytes);
  span.set_text(ipc::SpanText::cut, name_of(record.cut), kMaxCutBytes);
  request.trace->for_each_attribute(
      [&span](std::string_view name, std::string_view value) { span.add_attribute(name, value); });
}

}  // namespace

Tracer::Tracer(const Settings& settings, ipc::SpanRing* ring, ipc::Counters& counters)
    : settings_(settings), ring_(ring), counters_(counters) {
  if (::getrandom(state_.data(), sizeof state_, 0) != static_cast<ssize_t>(sizeof state_)) {
    throw std::system_error(errno, std::generic_category(), "cannot get random bytes for --trace");
  }
  state_[0] |= 1U;  // the one state from which nothing but zeros come is all zero
}

// xoshiro256++ of Blackman and Vigna: ids have to differ, not to be secret.
std::uint64_t Tracer::random() {
  constexpr int kOut = 23;
  constexpr int kShift = 17;
  constexpr int kTurn = 45;
  const std::uint64_t result = std::rotl(state_[0] + state_[3], kOut) + state_[0];
  const std::uint64_t shifted = state_[1] << kShift;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], kTurn);
  return result;
}

void Tracer::begin(std::shared_ptr<http::RequestTrace>& trace, http::FieldView fields,
                   std::string_view route) {
  if (trace == nullptr || trace.use_count() != 1) {
    trace = std::make_shared<http::RequestTrace>();
  }
  // What the thread that has let go of it did there is done.
  std::atomic_thread_fence(std::memory_order_acquire);
  http::TraceFields came = http::find_trace(fields);
  if (came.parent) {
    http::TraceParent own = *came.parent;
    own.set_span(random());
    trace->begin(own, came.parent->span_id(), std::move(came.state), route);
    return;
  }
  // Also where nobody here records: those after us go by it.
  const bool is_sampled = random() % config::Ratio::kWhole < settings_.sample.millionths;
  const std::uint64_t high = random();
  const std::uint64_t low = random();
  trace->begin({high, low, random(), is_sampled}, {}, {}, route);
}

bool Tracer::is_wanted(const AccessRecord& record, const Times& times) const {
  const std::uint64_t answered_ns = times.answered_ns != 0 ? times.answered_ns : times.ended_ns;
  const bool is_slow =
      answered_ns > times.began_ns && answered_ns - times.began_ns > settings_.slow_ns;
  return record.request->trace->own().is_sampled() || http::is_server_error(record.status) ||
         is_slow;
}

void Tracer::end(const AccessRecord& record, const Times& times) {
  if (!is_wanted(record, times)) {
    return;
  }
  ipc::SpanRecord* const span = ring_->reserve();
  if (span == nullptr) {
    counters_.add(ipc::Counter::spans_lost);
    return;
  }
  span->end_unix_ns = ipc::clock_ns(CLOCK_REALTIME);
  span->begin_unix_ns = span->end_unix_ns - (times.ended_ns - times.began_ns);
  span->queue_us = as_32_bits(record.queue_us);
  span->handler_us = as_32_bits(record.handler_us);
  span->worker = settings_.worker;
  span->status = record.status == AccessRecord::kNoAnswer
                     ? std::uint16_t{0}
                     : static_cast<std::uint16_t>(record.status);
  span->client = *record.client;
  fill_in_request(*span, *record.request);
  fill_in_texts(*span, record);
  ring_->publish();
}

}  // namespace prefork::exchange
