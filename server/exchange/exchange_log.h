// What the logs are to say of an exchange, gathered while it lasts: its request, also once the
// bytes of that are gone, its times, and its line in the access log when it is over. Part of an
// exchange; one thread: the event loop.
#pragma once

#include <cstdint>
#include <memory>

#include "ipc/in_flight.h"
#include "server/exchange/access_record.h"
#include "server/exchange/job.h"
#include "server/exchange/services.h"
#include "server/http/owned_request.h"

namespace prefork::exchange {

class ExchangeLog {
 public:
  explicit ExchangeLog(Services& services) : services_(services) {}

  // `since_ns`: when the head was complete.
  void begin(std::uint64_t since_ns);
  // Known so far: status, bytes received, why it will be cut.
  [[nodiscard]] AccessRecord& record() { return record_; }

  // The bytes that its views point to go.
  void keep(const http::Request& request);
  // `request` of the exchange, as it can still be read.
  [[nodiscard]] const http::Request& named(const http::Request& request) const {
    return kept_ && kept_->request.id == request.id ? kept_->request : request;
  }

  // Shown among the requests in flight, until it is over.
  void show_deferred(const http::Request& request, const ipc::PeerAddress& peer);
  // `is_done`: the handler has nothing to do with the job any more.
  void note_times(const Job& job, bool is_done);

  // `request`: null where it could not be understood.
  void write(const http::Request* request, const ipc::PeerAddress& client,
             std::uint64_t content_bytes) {
    if (services_.access_log.is_on()) {
      write_line(request, client, content_bytes);
    }
  }
  void end();

 private:
  void write_line(const http::Request* request, const ipc::PeerAddress& client,
                  std::uint64_t content_bytes);

  Services& services_;
  AccessRecord record_;
  std::unique_ptr<http::OwnedRequest> kept_;
  ipc::InFlightBox* in_flight_ = nullptr;
  std::uint64_t started_ns_ = 0;
  std::uint64_t handler_started_ns_ = 0;  // 0: it did not, or its time is known
};

}  // namespace prefork::exchange
