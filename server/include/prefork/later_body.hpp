// The content of a response that is made on the event loop, after its handler has returned and
// without a thread: coroutines that stream, subscriptions to topics. For the layer below; see
// streams.hpp and events.hpp for what authors use.
#pragma once

#include <prefork/cxx20.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

#include <prefork/abi.h>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

class LaterBody {
 public:
  LaterBody() = default;
  virtual ~LaterBody() = default;
  LaterBody(const LaterBody&) = delete;
  LaterBody& operator=(const LaterBody&) = delete;

  // On the event loop. The head of `response` is made; whatever happens, the response is completed,
  // once.
  virtual void begin(const prefork_api& api, prefork_app* app, prefork_response* response) = 0;

  // In a handler on the loop or the pool, which returns now. Throws std::logic_error where that
  // cannot be.
  static void leave(const prefork_api& api, prefork_response* to, std::shared_ptr<LaterBody> body) {
    auto left = std::make_unique<Left>(Left{api, nullptr, nullptr, std::move(body)});
    if (!PREFORK_HAS(&api, read_topic) ||
        api.respond_later(to, Left::begin_later, left.get()) != PREFORK_OK) {
      throw std::logic_error(
          "content that is made on the event loop, where the server or the handler allows none");
    }
    left.release();
  }
  // Of a deferred handler, whose response this is; any thread.
  static void hand_over(const prefork_api& api, prefork_app* app, prefork_response* response,
                        const std::shared_ptr<LaterBody>& body) {
    if (api.is_loop_thread(app) != 0) {
      body->begin(api, app, response);
      return;
    }
    auto left = std::make_unique<Left>(Left{api, app, response, body});
    if (api.post(app, Left::begin_posted, left.get()) == PREFORK_OK) {
      left.release();
      return;
    }
    api.set_failed(response, text("too much is waiting for the event loop"));
    api.complete(response);
  }

 private:
  struct Left {
    const prefork_api& api;
    prefork_app* app;
    prefork_response* response;
    std::shared_ptr<LaterBody> body;

    static void begin_later(void* self, const prefork_request* request,
                            prefork_response* response) {
      const std::unique_ptr<Left> left(static_cast<Left*>(self));
      if (response != nullptr) {
        left->body->begin(left->api, app_of(left->api, *request), response);
      }
    }
    static void begin_posted(void* self) {
      const std::unique_ptr<Left> left(static_cast<Left*>(self));
      left->body->begin(left->api, left->app, left->response);
    }
  };
};

}  // namespace detail
}  // namespace v1
}  // namespace prefork
