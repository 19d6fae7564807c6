// What tells all workers something: a topic, declared with App::topic (see sharing.hpp) and
// followed with App::subscribe. Lifetime, threads and processes as told in locks.hpp: it is there
// once, outlives workers and reloads, and a worker that is killed at any instruction has published
// a piece whole or not at all.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/abi.h>
#include <prefork/locks.hpp>
#include <prefork/log.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// Where what is published can be read.
struct TopicSource {
  const prefork_api* api;
  prefork_app* app;
  std::uint32_t thing;
  std::size_t piece_bytes;  // the longest
};

}  // namespace detail

// Pieces of bytes for every worker that follows it, the publisher's own among them.
class Topic : private detail::Thing {
 public:
  // For App::topic.
  Topic(const prefork_api& api, prefork_app* app, std::uint32_t number, std::size_t piece_bytes = 0)
      : Thing(api, app, number), piece_bytes_(piece_bytes) {}

  // Any thread; waits for nobody but another publisher's copy. False: longer than declared, this is
  // no worker, or another process stands still within a publication.
  bool publish(std::string_view piece) const {
    return api().publish_topic(app(), number(), detail::text(piece)) == PREFORK_OK;
  }

  // For the layer below, by which events() follows it. Throws std::runtime_error when the server is
  // too old.
  [[nodiscard]] detail::TopicSource source() const {
    if (!PREFORK_HAS(&api(), read_topic)) {
      throw std::runtime_error("events of a topic need a newer server than this one");
    }
    return {&api(), app(), number(), piece_bytes_};
  }

  // For App::subscribe. PREFORK_OK: done.
  prefork_status subscribe(prefork_topic_handler handler, void* user_data) const {
    return api().subscribe_topic(app(), number(), handler, user_data);
  }

 private:
  std::size_t piece_bytes_;
};

struct Message {
  std::string_view piece;  // ends with the call
  // Pieces before it that this worker has missed, since it was slower than the topic is long.
  std::uint64_t lost = 0;
};

// What follows a topic; made by App::subscribe.
struct Subscriber {
  std::function<void(const Message&)> function;
  std::function<void(std::string_view line)> report;  // gets one line about one that threw

  static void handle(void* self, prefork_text piece, std::uint64_t lost) {
    const auto& subscriber = *static_cast<const Subscriber*>(self);
    try {
      subscriber.function({detail::view(piece), lost});
    } catch (const std::exception& error) {
      subscriber.report(std::string("a subscriber of a topic threw: ") + error.what());
    } catch (...) {
      subscriber.report("a subscriber of a topic threw something");
    }
  }
};

}  // namespace v1
}  // namespace prefork
