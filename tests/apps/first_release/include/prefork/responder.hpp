// The answer of a deferred handler: made later, by any thread, at once or in pieces. One that is
// destroyed without an answer becomes a 500. Moved, not copied; one thread at a time.
#pragma once

#include <utility>

#include <prefork/abi.h>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

class Responder {
 public:
  Responder(const prefork_api& api, prefork_response* response) : api_(&api), response_(response) {}
  Responder(Responder&& other) noexcept
      : api_(other.api_),
        response_(std::exchange(other.response_, nullptr)),
        stream_(std::exchange(other.stream_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    if (this != &other) {
      finish();
      api_ = other.api_;
      response_ = std::exchange(other.response_, nullptr);
      stream_ = std::exchange(other.stream_, nullptr);
    }
    return *this;
  }
  ~Responder() { finish(); }

  // The whole answer. The request is gone afterwards.
  void send(const Response& answer) {
    try {
      answer.send(*api_, response_);
    } catch (const std::exception& error) {
      api_->set_failed(response_, detail::text(error.what()));
    }
    complete();
  }

  // The head of an answer in pieces; finish() ends it.
  void start(const Response& head) {
    head.send_head(*api_, response_);
    stream_ = api_->start_stream(response_, UINT64_MAX);
  }
  // Waits for room: not in the handler itself, which runs on the event loop. False: the client
  // left.
  bool write(std::string_view bytes) {
    return stream_ != nullptr && api_->write(stream_, detail::text(bytes)) == PREFORK_OK;
  }
  // Never waits. PREFORK_FULL: nothing was taken, the client is slower.
  prefork_status try_write(std::string_view bytes) {
    return stream_ == nullptr ? PREFORK_GONE : api_->try_write(stream_, detail::text(bytes));
  }
  void finish() {
    if (response_ != nullptr) {
      if (stream_ == nullptr) {
        api_->set_failed(response_, detail::text("a deferred answer was dropped"));
      }
      complete();
    }
  }

 private:
  void complete() {
    stream_ = nullptr;
    api_->complete(std::exchange(response_, nullptr));
  }

  const prefork_api* api_;
  prefork_response* response_;
  prefork_stream* stream_ = nullptr;
};

}  // namespace v1
}  // namespace prefork
