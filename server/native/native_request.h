// Requests as applications see them, through the C interface: for the time of a call, or, of
// deferred handlers, as long as somebody holds them. See include/prefork/abi.h.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ipc/base/peer_address.h"
#include "server/exchange/client_state.h"
#include "server/exchange/job.h"
#include "server/http/owned_request.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/include/prefork/abi.h"
#include "server/native/keeps_one.h"

namespace prefork::native {
class HeldRequest;
}

// The life of a request: on the stack of the one who calls a handler, or in a held request.
struct prefork_call {
  const prefork::http::ResponseStarter* starter = nullptr;  // knows the client, or
  prefork::native::HeldRequest* held = nullptr;             // this one does
  prefork_app* app = nullptr;
};

namespace prefork::native {

// The C form of a request's span, and who it is of. Filled in where there is one.
struct NativeTrace {
  prefork_trace shown;  // the first member: found by its address
  http::RequestTrace* of;
};

// The C form of a request; its texts are the request's. Made without allocation, but for unusually
// many fields. Not moved: it points into itself.
class NativeRequest {
 public:
  // `call`: null on the event loop. `interim`: who hears of it before its answer. Both outlive it.
  NativeRequest(const http::Request& request, prefork_app* app, prefork_call* call = nullptr,
                http::InterimResponder* interim = nullptr);
  // Destroys what the application has kept with it.
  ~NativeRequest() {
    if (state_.destroy != nullptr) {
      state_.destroy(state_.data);
    }
  }
  NativeRequest(const NativeRequest&) = delete;
  NativeRequest& operator=(const NativeRequest&) = delete;

  [[nodiscard]] const prefork_request& get() const { return native_; }

 private:
  // More than browsers send.
  static constexpr std::size_t kUsualFields = 40;

  prefork_request native_{};
  NativeTrace trace_;
  mutable prefork_state state_{};  // the application changes it
  ipc::PeerText client_;
  std::array<prefork_field, kUsualFields> few_;  // the fields, then the parameters
  std::vector<prefork_field> many_;              // instead, where there are more
};

// The request of a deferred handler. Counts who holds it, on any thread, and goes with the last.
class HeldRequest final : public http::InterimResponder, public KeepsOne<HeldRequest> {
 public:
  // Held once.
  HeldRequest(prefork_app* app, const exchange::Job& job);
  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  // The job may be gone.
  void send_early_hints(const http::FieldList& fields) override {
    if (!is_answered_.load(std::memory_order_relaxed)) {
      client_->has_hints.store(true, std::memory_order_relaxed);
      sink_->deliver_hints(exchange_, id_, fields);
    }
  }
  void note_answered() { is_answered_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] const prefork_request& get() const { return native_.get(); }
  [[nodiscard]] bool is_abandoned() const {
    return client_->get() != exchange::ClientState::waiting;
  }
  [[nodiscard]] const std::shared_ptr<exchange::ClientBox>& client() const { return client_; }

 private:
  std::atomic<std::uint32_t> holders_{1};
  std::atomic<bool> is_answered_{false};
  const std::shared_ptr<const http::OwnedRequest> owned_;
  const std::shared_ptr<exchange::ClientBox> client_;
  exchange::CompletionSink* const sink_;
  const exchange::ExchangeToken exchange_;
  const std::uint64_t id_;
  prefork_call call_;
  const NativeRequest native_;
};

// What is said of who waits for the answer; not null.
std::shared_ptr<exchange::ClientBox> client_of(const prefork_call& call);

// Fills in the functions of abi.h that are about a call.
void add_request_functions(prefork_api& api);

}  // namespace prefork::native
