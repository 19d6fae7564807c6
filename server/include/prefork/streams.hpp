// Responses of unknown length that a coroutine writes, on the event loop and without a thread:
//
//   app.get("/count", [](const prefork::Request&) {
//     return prefork::stream([](prefork::StreamWriter out) -> prefork::Task<> {
//       while (co_await out.write(time_of_day())) {
//         co_await prefork::sleep(1s);
//       }
//     });
//   });
//
// For every kind of handler. What the function captures lives until the coroutine has ended. It
// ends early when the client has left: at the place where it waits. What it throws cuts the
// connection, so that the client sees that the response is not complete, and is logged. Client and
// server agree on the pace: of what is written 256 KiB wait for the client at most.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <prefork/abi.h>
#include <prefork/await.hpp>
#include <prefork/coroutine.hpp>
#include <prefork/later_body.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// Ends when the worker drains: its client comes back, and finds another worker.
class EndsAtDrain {
 public:
  virtual void end() = 0;

 protected:
  ~EndsAtDrain() = default;
};

// Those of an application. One thread: the event loop's.
class EventStreams {
 public:
  static EventStreams& of(const prefork_app* app);

  // False: the worker drains.
  [[nodiscard]] bool takes() const { return takes_; }
  void add(EndsAtDrain& stream) { streams_.insert(&stream); }
  void remove(EndsAtDrain& stream) { streams_.erase(&stream); }
  // The worker begins; it drains.
  void begin() { takes_ = true; }
  void end() {
    takes_ = false;
    while (!streams_.empty()) {
      EndsAtDrain& stream = **streams_.begin();
      streams_.erase(streams_.begin());
      stream.end();
    }
  }

 private:
  bool takes_ = true;
  std::set<EndsAtDrain*> streams_;
};

struct StreamOptions {
  bool ends_at_drain = false;
  std::chrono::nanoseconds heartbeat{0};
  std::string_view heartbeat_bytes;  // literal
};

// A response while a coroutine writes it. Owns itself: ends with the coroutine.
class StreamRun final : public EndsAtDrain {
 public:
  using Body = std::function<Task<>(StreamRun&)>;

  static void begin(const prefork_api& api, prefork_app* app, prefork_response* response,
                    const Body& body, const StreamOptions& options) {
    prefork_stream* const stream = api.start_stream(response, UINT64_MAX);
    if (stream == nullptr) {
      api.set_failed(response, text("a stream in a handler that has none"));
      api.complete(response);
      return;
    }
    auto* const run = new StreamRun(api, app, response, stream, body, options);
    run->start();
  }

  [[nodiscard]] const prefork_api& api() const { return api_; }
  [[nodiscard]] prefork_stream* stream() const { return stream_; }
  // Something is being written, of which a part may be on its way.
  void set_writing(bool is_writing) { is_writing_ = is_writing; }

  void end() override {
    if (!task_) {
      return;
    }
    if (task_->root().cancel()) {
      finish();
    }
  }

 private:
  StreamRun(const prefork_api& api, prefork_app* app, prefork_response* response,
            prefork_stream* stream, const Body& body, const StreamOptions& options)
      : api_(api),
        app_(app),
        response_(response),
        stream_(stream),
        body_(body),
        options_(options) {}
  void start() {
    EventStreams& events = EventStreams::of(app_);
    if (options_.ends_at_drain && !events.takes()) {
      finish();
      return;
    }
    try {
      task_.emplace(body_(*this));
      if (task_->start(api_, app_)) {
        finish();
        return;
      }
    } catch (const std::exception& error) {
      fail(error.what());
      return;
    } catch (...) {
      fail("an exception that is no std::exception");
      return;
    }
    task_->root().owner = this;
    task_->root().on_end = [](void* self) { static_cast<StreamRun*>(self)->finish(); };
    if (options_.ends_at_drain) {
      events.add(*this);
    }
    gone_ = api_.wait_stream_gone(app_, stream_, told_gone, this);
    beat();
  }

  static void told_gone(void* self, prefork_status /*how*/) {
    auto& run = *static_cast<StreamRun*>(self);
    run.gone_ = nullptr;
    run.end();
  }

  void beat() {
    if (options_.heartbeat > std::chrono::nanoseconds::zero()) {
      heartbeat_ = api_.wait_time(app_, to_ns(options_.heartbeat), told_time, this);
    }
  }
  static void told_time(void* self, prefork_status how) {
    auto& run = *static_cast<StreamRun*>(self);
    run.heartbeat_ = nullptr;
    if (how == PREFORK_OK) {
      if (!run.is_writing_) {
        run.api_.try_write(run.stream_, text(run.options_.heartbeat_bytes));
      }
      run.beat();
    }
  }

  // The coroutine has ended, or is ended here, where it waits.
  void finish() {
    if (task_ && task_->is_done()) {
      try {
        task_->take();
      } catch (const std::exception& error) {
        fail(error.what());
        return;
      } catch (...) {
        fail("an exception that is no std::exception");
        return;
      }
    }
    leave();
  }
  void fail(std::string_view what) {
    api_.set_failed(response_, text(what));
    leave();
  }
  void leave() {
    EventStreams::of(app_).remove(*this);
    task_.reset();
    for (prefork_wait* const wait : {gone_, heartbeat_}) {
      if (wait != nullptr) {
        api_.cancel_wait(wait);
      }
    }
    api_.complete(response_);
    delete this;
  }

  const prefork_api& api_;
  prefork_app* app_;
  prefork_response* response_;
  prefork_stream* stream_;
  const Body body_;
  const StreamOptions options_;
  std::optional<Task<>> task_;  // ends before the body that it may use
  prefork_wait* gone_ = nullptr;
  prefork_wait* heartbeat_ = nullptr;
  bool is_writing_ = false;
};

// Bytes on their way to the client, as it takes them.
class Write final : public LoopPause {
 public:
  Write(StreamRun& run, std::string_view bytes) : run_(&run), left_(bytes) {}
  ~Write() = default;

  bool await_ready() {
    advance();
    return status_ != PREFORK_FULL;
  }
  template <IsTask Awaiting>
  void await_suspend(std::coroutine_handle<Awaiting> awaiting) {
    suspend(awaiting, [this](const prefork_api& api, prefork_app* app) {
      return api.wait_stream(app, run_->stream(), told, this);
    });
  }
  bool await_resume() const noexcept { return status_ == PREFORK_OK; }
  // It has waited for room, and is to be awaited again.
  [[nodiscard]] bool is_full() const { return status_ == PREFORK_FULL; }

 private:
  void advance() {
    // So much finds room when the server says that there is some.
    constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
    do {
      const std::string_view piece = left_.substr(0, kPieceBytes);
      status_ = run_->api().try_write(run_->stream(), text(piece));
      if (status_ != PREFORK_OK) {
        break;
      }
      left_.remove_prefix(piece.size());
    } while (!left_.empty());
  }

  StreamRun* run_;
  std::string_view left_;
  prefork_status status_ = PREFORK_FULL;
};

}  // namespace detail

// Where a coroutine writes a response to. A small value, for that coroutine and those it awaits.
class StreamWriter {
 public:
  // For the layer below.
  explicit StreamWriter(detail::StreamRun& run) : run_(&run) {}

  // Copies the bytes, as the client takes them: waits while 256 KiB wait for it. False: it has
  // left.
  //
  //   if (!co_await out.write(bytes)) { ... }
  Task<bool> write(std::string_view bytes) const { return write_all(*run_, bytes); }
  // Never waits. False: nothing was taken, since the client is slower or has left.
  bool try_write(std::string_view bytes) const {
    return run_->api().try_write(run_->stream(), detail::text(bytes)) == PREFORK_OK;
  }
  bool is_gone() const { return run_->api().is_gone(run_->stream()) != 0; }

 protected:
  static Task<bool> write_all(detail::StreamRun& run, std::string_view bytes) {
    run.set_writing(true);
    detail::Write write(run, bytes);
    bool is_written = co_await write;
    while (write.is_full()) {
      is_written = co_await write;
    }
    run.set_writing(false);
    co_return is_written;
  }
  [[nodiscard]] detail::StreamRun& run() const { return *run_; }

 private:
  detail::StreamRun* run_;
};

namespace detail {

inline EventStreams& EventStreams::of(const prefork_app* app) {
  static std::map<const prefork_app*, EventStreams> all;
  return all[app];
}

class CoroutineBody final : public LaterBody {
 public:
  CoroutineBody(StreamRun::Body body, StreamOptions options)
      : body_(std::move(body)), options_(options) {}
  void begin(const prefork_api& api, prefork_app* app, prefork_response* response) override {
    StreamRun::begin(api, app, response, body_, options_);
  }

 private:
  const StreamRun::Body body_;
  const StreamOptions options_;
};

template <typename Function, typename Writer>
concept WritesLater = std::is_invocable_r_v < Task<>,
const Function&, Writer > ;

}  // namespace detail

// A response that a coroutine writes.
template <detail::WritesLater<StreamWriter> Function>
Response stream(Function body, std::string_view type = "text/plain; charset=utf-8") {
  Response response;
  response.header("Content-Type", type);
  response.later(std::make_shared<detail::CoroutineBody>(
      [body = std::move(body)](detail::StreamRun& run) { return body(StreamWriter(run)); },
      detail::StreamOptions{}));
  return response;
}

}  // namespace v1
}  // namespace prefork
