// What is told of an exchange to others than its client, gathered while it lasts: its request, also
// once the bytes of that are gone, its times, its place among the requests in flight, and its line
// in the access log when it is over. Part of an exchange; one thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "ipc/base/probe.h"
#include "ipc/in_flight.h"
#include "server/exchange/access_record.h"
#include "server/exchange/in_flight_ledger.h"
#include "server/exchange/job.h"
#include "server/exchange/services.h"
#include "server/http/owned_request.h"
#include "server/http/request_trace.h"

namespace prefork::exchange {

class ExchangeLog {
 public:
  explicit ExchangeLog(Services& services) : services_(services) {}

  // `since_ns`: when the head was complete.
  void begin(std::uint64_t since_ns) {
    // Shown is the answer before it, which its client has at last, or this one, as it was before it
    // had a number.
    end();
    record_ = {};
    started_ns_ = since_ns;
    handler_started_ns_ = 0;
  }
  // It is part of a trace, as a span of it: `request` has that from now on.
  void begin_trace(http::Request& request, const RouteMatch& route);
  // When it ends before it is complete, that is why.
  void expect_cut(Cut why) { record_.cut = why; }
  // Known so far: status, bytes received, why it will be cut.
  [[nodiscard]] AccessRecord& record() { return record_; }

  // The bytes that its views point to go.
  void keep(const http::Request& request);
  // The same of one that somebody else has a copy of already.
  void keep(const std::shared_ptr<const http::OwnedRequest>& copy);
  // `request` of the exchange, as it can still be read.
  [[nodiscard]] const http::Request& named(const http::Request& request) const {
    return kept_ && kept_->request.id == request.id ? kept_->request : request;
  }

  // Among the requests in flight, and so far on, until it is over.
  void show(ipc::RequestPhase phase, const http::Request& request);
  // The same before it begins: its content has to come first.
  void show_parked(const http::Request& request, std::uint64_t since_ns);
  [[nodiscard]] bool is_shown() const { return entry_ != InFlightLedger::kNone; }
  // While its message is parked the entry is kept elsewhere.
  [[nodiscard]] InFlightLedger::Entry release_entry() {
    return std::exchange(entry_, InFlightLedger::kNone);
  }
  void adopt_entry(InFlightLedger::Entry entry) { entry_ = entry; }
  // `is_done`: the handler has nothing to do with the job any more.
  void note_times(const Job& job, bool is_done);
  // The answer has begun, and takes longer than that.
  void note_answered() { answered_ns_ = services_.now_ns; }
  // Server-Timing: as much as is known without asking the clock; empty: nothing.
  [[nodiscard]] std::string timing() const;

  // It is over. `request`: null where it could not be understood.
  void write(const http::Request* request, const ipc::PeerAddress& client,
             std::uint64_t content_bytes) {
    PREFORK_PROBE4(request__done, request == nullptr ? 0 : request->id, record_.status,
                   content_bytes, started_ns_);
    services_.accounting.note_finished(request, record_.status, content_bytes, started_ns_,
                                       services_.now_ns);
    if (services_.access_log.is_on() ||
        (services_.tracer != nullptr && services_.tracer->leaves_spans())) {
      tell(request, client, content_bytes);
    }
  }
  void end() {
    if (is_shown()) {
      hide();
    }
  }

 private:
  void hide();
  void tell(const http::Request* request, const ipc::PeerAddress& client,
            std::uint64_t content_bytes);

  Services& services_;
  AccessRecord record_;
  std::shared_ptr<const http::OwnedRequest> kept_;
  std::shared_ptr<http::RequestTrace> trace_;  // used again for the next one, once nobody has it
  InFlightLedger::Entry entry_ = InFlightLedger::kNone;
  std::uint64_t started_ns_ = 0;
  std::uint64_t handler_started_ns_ = 0;  // 0: it did not, or its time is known
  std::uint64_t answered_ns_ = 0;         // of a trace: since when its answer is on its way
};

}  // namespace prefork::exchange
