// The response of a deferred handler: made later, by any thread, at once or in pieces. One that is
// destroyed without a response becomes a 500, one that is kept without a response a 504
// (--timeout-deferred); a second response is ignored, with a line in the log. Moved, not copied;
// one thread at a time, which may be another one for each call. It must be gone before the worker
// stops: threads of the application end in on_drain or on_worker_stop.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/abi.h>
#include <prefork/around.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// The call of a deferred handler, on the thread that makes it. What the handler throws with its
// Responder still in hand is responded to by the one who called it, as what other handlers throw.
class DeferredCall {
 public:
  explicit DeferredCall(const prefork_response* response)
      : response_(response), outer_(std::exchange(current_, this)) {}
  ~DeferredCall() { current_ = outer_; }
  DeferredCall(const DeferredCall&) = delete;
  DeferredCall& operator=(const DeferredCall&) = delete;

  // False: another one has it, or it was responded to.
  [[nodiscard]] bool has_response() const { return has_response_; }

  // Whether a Responder that is destroyed, as an exception is on its way, may leave its response to
  // the call that made it.
  static bool take(const prefork_response* response) {
    if (current_ == nullptr || current_->response_ != response ||
        std::uncaught_exceptions() <= current_->exceptions_) {
      return false;
    }
    current_->has_response_ = true;
    return true;
  }

 private:
  static inline thread_local DeferredCall* current_ = nullptr;

  const prefork_response* response_;
  DeferredCall* outer_;
  int exceptions_ = std::uncaught_exceptions();
  bool has_response_ = false;
};

}  // namespace detail

class Responder {
 public:
  // For the layer below. All but the request outlive it.
  Responder(const prefork_api& api, prefork_app* app, const Around& around, const Request& request,
            prefork_response* response)
      : api_(&api),
        app_(app),
        around_(&around),
        request_(request),
        request_id_(request.id()),
        response_(response) {}
  Responder(Responder&& other) noexcept
      : api_(other.api_),
        app_(other.app_),
        around_(other.around_),
        request_(std::move(other.request_)),
        request_id_(other.request_id_),
        response_(std::exchange(other.response_, nullptr)),
        stream_(std::exchange(other.stream_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    if (this != &other) {
      finish();
      api_ = other.api_;
      app_ = other.app_;
      around_ = other.around_;
      request_ = std::move(other.request_);
      request_id_ = other.request_id_;
      response_ = std::exchange(other.response_, nullptr);
      stream_ = std::exchange(other.stream_, nullptr);
    }
    return *this;
  }
  ~Responder() {
    if (response_ != nullptr && stream_ == nullptr && detail::DeferredCall::take(response_)) {
      return;
    }
    finish();
  }

  // The whole response; functions after() see it first, on this thread. Not for a response with a
  // stream: start() and write() do that.
  void send(Response answer) { send(std::move(answer), std::nullopt); }

  // The head of a response in pieces; write() and try_write() send the content, chunked (RFC 9112
  // section 7.1), and finish() ends it. A body or file of `head` is not sent. Functions after() see
  // the head.
  void start(Response head) {
    if (!is_first()) {
      return;
    }
    try {
      around_->pass(*request_, head);
    } catch (const std::exception& error) {
      fail(error.what());
      return;
    } catch (...) {
      fail("an exception that is no std::exception");
      return;
    }
    head.send_head(*api_, response_);
    stream_ = api_->start_stream(response_, UINT64_MAX);
  }
  // Copies the bytes. Waits for room, but on the event loop, that is in the deferred handler
  // itself, it never does: there it takes all of them or nothing. False: the client left, start()
  // was not called, or there is no room on the event loop; a line in the log then says so.
  bool write(std::string_view bytes) {
    const prefork_status status =
        stream_ == nullptr ? PREFORK_GONE : api_->write(stream_, detail::text(bytes));
    if (status == PREFORK_FULL) {
      api_->log(app_, 3,
                detail::text("request " + std::to_string(request_id_) +
                             ": write() on the event loop found no room and took nothing; "
                             "use try_write(), or write on another thread"));
    }
    return status == PREFORK_OK;
  }
  // Copies the bytes and never waits. PREFORK_FULL: nothing was taken, the client is slower; try
  // again later. PREFORK_GONE: the client left, or start() was not called.
  prefork_status try_write(std::string_view bytes) {
    return stream_ == nullptr ? PREFORK_GONE : api_->try_write(stream_, detail::text(bytes));
  }
  // After start(): whether the client has closed or lost its connection, as far as is known.
  // Whoever keeps responders to write to later looks now and then and destroys those that are gone.
  // Before start() it is Request::is_gone() that knows.
  bool is_gone() const {
    return stream_ != nullptr && PREFORK_HAS(api_, is_gone) && api_->is_gone(stream_) != 0;
  }
  // Ends the response that was started; without one it becomes a 500. Once is enough.
  void finish() {
    if (response_ != nullptr) {
      if (stream_ == nullptr) {
        send(Around::internal_error(), "a deferred answer was dropped");
      } else {
        complete();
      }
    }
  }

  // For the layer below: nobody waits for the response, and there is none.
  void give_up() {
    if (response_ != nullptr) {
      api_->give_up(std::exchange(response_, nullptr));
      request_.reset();
    }
  }
  // For the layer below: the response is a 500 because of `failure`.
  void send(Response answer, Around::Failure failure) {
    if (!is_first()) {
      return;
    }
    if (answer.later() != nullptr) {
      send_later(std::move(answer));
      return;
    }
    try {
      around_->send(*api_, response_, *request_, answer, std::move(failure));
    } catch (...) {
      api_->set_failed(response_, detail::text("out of memory"));
    }
    complete();
  }

 private:
  bool is_first() const {
    if (response_ != nullptr && stream_ == nullptr) {
      return true;
    }
    api_->log(app_, 3,
              detail::text("request " + std::to_string(request_id_) +
                           " was answered twice; the second answer was ignored"));
    return false;
  }
  // The head now, the content from the event loop.
  void send_later(Response answer) {
    try {
      around_->pass(*request_, answer);
    } catch (const std::exception& error) {
      fail(error.what());
      return;
    } catch (...) {
      fail("an exception that is no std::exception");
      return;
    }
    answer.send_head(*api_, response_);
    const auto body = answer.later();
    prefork_response* const response = std::exchange(response_, nullptr);
    request_.reset();
    detail::LaterBody::hand_over(*api_, app_, response, body);
  }
  void fail(std::string_view what) {
    api_->set_failed(response_, detail::text(what));
    complete();
  }
  void complete() {
    stream_ = nullptr;
    api_->complete(std::exchange(response_, nullptr));
    request_.reset();
  }

  const prefork_api* api_;
  prefork_app* app_;
  const Around* around_;
  std::optional<Request> request_;  // until it was responded to; without one that was moved from
  std::uint64_t request_id_;
  prefork_response* response_;
  prefork_stream* stream_ = nullptr;
};

}  // namespace v1
}  // namespace prefork
