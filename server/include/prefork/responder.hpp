// The response of a deferred handler: made later, by any thread, at once or in pieces. One that is
// destroyed without a response becomes a 500, one that is kept without a response a 504
// (--timeout-deferred); a second response is ignored, with a line in the log. Moved, not copied;
// one thread at a time, which may be another one for each call. It must be gone before the worker
// stops: threads of the application end in on_drain or on_worker_stop.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/abi.h>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

class Responder {
 public:
  // For the layer below. All outlive it.
  Responder(const prefork_api& api, prefork_app* app, std::uint64_t request_id,
            prefork_response* response)
      : api_(&api), app_(app), request_id_(request_id), response_(response) {}
  Responder(Responder&& other) noexcept
      : api_(other.api_),
        app_(other.app_),
        request_id_(other.request_id_),
        response_(std::exchange(other.response_, nullptr)),
        stream_(std::exchange(other.stream_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    if (this != &other) {
      finish();
      api_ = other.api_;
      app_ = other.app_;
      request_id_ = other.request_id_;
      response_ = std::exchange(other.response_, nullptr);
      stream_ = std::exchange(other.stream_, nullptr);
    }
    return *this;
  }
  ~Responder() { finish(); }

  // The whole response. The request and all views into it are gone afterwards. Not for a response
  // with a stream: start() and write() do that.
  void send(const Response& answer) {
    if (!is_first()) {
      return;
    }
    try {
      answer.send(*api_, response_);
    } catch (const std::exception& error) {
      api_->set_failed(response_, detail::text(error.what()));
    }
    complete();
  }

  // The head of a response in pieces; write() and try_write() send the content, chunked (RFC 9112
  // section 7.1), and finish() ends it. A body or file of `head` is not sent.
  void start(const Response& head) {
    if (!is_first()) {
      return;
    }
    head.send_head(*api_, response_);
    stream_ = api_->start_stream(response_, UINT64_MAX);
  }
  // Copies the bytes. Waits for room: not in the handler itself, which runs on the event loop.
  // False: the client left, or start() was not called.
  bool write(std::string_view bytes) {
    return stream_ != nullptr && api_->write(stream_, detail::text(bytes)) == PREFORK_OK;
  }
  // Copies the bytes and never waits. PREFORK_FULL: nothing was taken, the client is slower; try
  // again later. PREFORK_GONE: the client left, or start() was not called.
  prefork_status try_write(std::string_view bytes) {
    return stream_ == nullptr ? PREFORK_GONE : api_->try_write(stream_, detail::text(bytes));
  }
  // Ends the response that was started; without one it becomes a 500. Once is enough.
  void finish() {
    if (response_ != nullptr) {
      if (stream_ == nullptr) {
        api_->set_failed(response_, detail::text("a deferred answer was dropped"));
      }
      complete();
    }
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
  void complete() {
    stream_ = nullptr;
    api_->complete(std::exchange(response_, nullptr));
  }

  const prefork_api* api_;
  prefork_app* app_;
  std::uint64_t request_id_;
  prefork_response* response_;
  prefork_stream* stream_ = nullptr;
};

}  // namespace v1
}  // namespace prefork
