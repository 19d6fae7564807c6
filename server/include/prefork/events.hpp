// Server-sent events (HTML Living Standard, section 9.2) without a thread each: written by a
// coroutine, or what is published in a topic, by whichever worker.
//
//   const prefork::Topic news = app.topic("news", 1024, 4096);
//   app.get("/news", [news](const prefork::Request& request) {
//     return prefork::events(request, news, {.heartbeat = 15s});
//   });
//   app.get("/clock", [](const prefork::Request& request) {
//     return prefork::events(request, [](prefork::EventWriter out) -> prefork::Task<> {
//       while (co_await out.send(time_of_day())) {
//         co_await prefork::sleep(1s);
//       }
//     });
//   });
//
// For every kind of handler. A stream ends when its client leaves, and when its worker drains: the
// client comes back by itself, to another worker, with the id it has seen last. One thread: the
// event loop's, but for the functions that make a response.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/coroutine.hpp>
#include <prefork/later_body.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>
#include <prefork/streams.hpp>
#include <prefork/topics.hpp>

namespace prefork {
inline namespace v1 {

// One event, as format_event() writes it. Views that end with the call.
struct EventMessage {
  std::string_view data;
  std::string_view type = {};          // empty: "message", for the client
  std::string_view id = {};            // empty: none
  std::chrono::milliseconds retry{0};  // after which the client comes back; 0: not said
};

namespace detail {

inline void check_event_field(std::string_view value, const char* what) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    throw std::invalid_argument(std::string("the ") + what + " of an event has a line end in it");
  }
}

// A line that clients ignore.
inline constexpr std::string_view kHeartbeat = ":\n\n";

}  // namespace detail

// Throws std::invalid_argument for a type or an id with a line end in it.
inline std::string format_event(const EventMessage& event) {
  detail::check_event_field(event.id, "id");
  std::string text;
  if (!event.id.empty()) {
    text.append("id: ").append(event.id).append("\n");
  }
  if (event.retry.count() > 0) {
    text.append("retry: ").append(std::to_string(event.retry.count())).append("\n");
  }
  return text.append(format_event(event.data, event.type));
}

// Where a coroutine writes its events to. A small value, for that coroutine and those it awaits.
class EventWriter : private StreamWriter {
 public:
  using StreamWriter::StreamWriter;

  // Waits while 256 KiB wait for the client. False: it has left. Throws std::invalid_argument.
  //
  //   if (!co_await out.send("data")) { ... }
  Task<bool> send(const EventMessage& event) const { return send_text(run(), format_event(event)); }
  Task<bool> send(std::string_view data, std::string_view type = {}) const {
    return send_text(run(), format_event(data, type));
  }
  // A line that clients ignore. Throws std::invalid_argument for more than one.
  Task<bool> comment(std::string_view line) const {
    detail::check_event_field(line, "comment");
    return send_text(run(), ":" + std::string(line) + "\n\n");
  }
  using StreamWriter::is_gone;

 private:
  static Task<bool> send_text(detail::StreamRun& run, std::string text) {
    co_return co_await write_all(run, text);
  }
};

struct EventOptions {
  std::chrono::nanoseconds heartbeat{0};  // a comment so often, which keeps proxies from ending the
                                          // stream; 0: none
};

// What becomes of a client that is so slow that the topic has lost what comes next for it.
enum class SlowClients : std::uint8_t {
  skip,   // it goes on with the oldest that is kept
  close,  // its stream ends
};

struct TopicOptions {
  std::chrono::nanoseconds heartbeat{0};
  std::chrono::milliseconds retry{0};  // after which clients come back; 0: not said
  // Of each event; copied. A topic has one: what differs is said in the data ({"removed": 7}), or
  // published in a topic of its own, which is a stream of its own.
  std::string_view type = {};
  // The type of an event that says, as its data, how many were lost before it; empty: none is sent.
  std::string_view lost_type = {};
  SlowClients slow_clients = SlowClients::skip;
};

namespace detail {

class TopicSubscriber;

// A topic on its way to the clients of one worker: waits for what is published, and makes the text
// of each event once for all who are up to date.
class TopicFeed {
 public:
  using Source = TopicSource;

  explicit TopicFeed(const Source& source) : source_(source), room_(source.piece_bytes, '\0') {}
  ~TopicFeed() {
    if (wait_ != nullptr) {
      source_.api->cancel_wait(wait_);
    }
  }
  TopicFeed(const TopicFeed&) = delete;
  TopicFeed& operator=(const TopicFeed&) = delete;

  // That of the application's topic, in this worker.
  static std::shared_ptr<TopicFeed> of(const Source& source) {
    static std::map<std::pair<const prefork_app*, std::uint32_t>, std::weak_ptr<TopicFeed>> all;
    std::weak_ptr<TopicFeed>& known = all[{source.app, source.thing}];
    std::shared_ptr<TopicFeed> feed = known.lock();
    if (!feed) {
      feed = std::make_shared<TopicFeed>(source);
      known = feed;
    }
    return feed;
  }

  void add(TopicSubscriber& subscriber) { subscribers_.insert(&subscriber); }
  void remove(TopicSubscriber& subscriber) { subscribers_.erase(&subscriber); }

  struct Piece {
    std::string_view bytes;  // ends with the next one
    std::uint64_t number = 0;
    std::uint64_t lost = 0;  // before it
  };
  // The piece that a reader who has come to `next` gets, which then is the number behind it.
  std::optional<Piece> read(std::uint64_t& next) {
    if (last_ && last_->number == next) {
      ++next;
      return Piece{last_->bytes, last_->number, 0};
    }
    std::size_t got = 0;
    std::uint64_t lost = 0;
    if (source_.api->read_topic(source_.app, source_.thing, &next, room_.data(), room_.size(), &got,
                                &lost) != PREFORK_OK) {
      return std::nullopt;
    }
    last_ = Piece{std::string_view(room_).substr(0, got), next - 1, lost};
    return last_;
  }
  // Everybody is told as soon as there is a piece of that number.
  void await(std::uint64_t number) {
    if (wait_ == nullptr) {
      wait_ = source_.api->wait_topic(source_.app, source_.thing, number, told, this);
    }
  }

 private:
  static void told(void* self, prefork_status how);

  const Source source_;
  std::string room_;
  std::optional<Piece> last_;
  std::set<TopicSubscriber*> subscribers_;
  prefork_wait* wait_ = nullptr;
};

// One client of a topic. Owns itself: ends with its stream.
class TopicSubscriber final : public EndsAtDrain {
 public:
  struct Settings {
    std::chrono::nanoseconds heartbeat;
    std::chrono::milliseconds retry;
    std::string type;
    std::string lost_type;
    SlowClients slow_clients;
  };

  static void begin(const TopicFeed::Source& source, prefork_response* response,
                    std::shared_ptr<const Settings> settings,
                    std::optional<std::uint64_t> last_seen) {
    const prefork_api& api = *source.api;
    prefork_stream* const stream = api.start_stream(response, UINT64_MAX);
    if (stream == nullptr) {
      api.set_failed(response, text("a stream in a handler that has none"));
      api.complete(response);
      return;
    }
    if (!EventStreams::of(source.app).takes()) {
      api.complete(response);
      return;
    }
    auto* const subscriber = new TopicSubscriber(source, response, stream, std::move(settings));
    subscriber->start(last_seen);
  }

  void end() override {
    EventStreams::of(source_.app).remove(*this);
    feed_->remove(*this);
    for (prefork_wait* const wait : {gone_, room_, heartbeat_}) {
      if (wait != nullptr) {
        api().cancel_wait(wait);
      }
    }
    api().complete(response_);
    delete this;
  }
  // There may be more. May be its end.
  void advance() {
    if (room_ != nullptr) {
      return;
    }
    while (unsent_.empty() ? take_next() : send()) {
    }
    if (is_over_) {
      end();
    } else if (unsent_.empty()) {
      feed_->await(next_);
    } else {
      room_ = api().wait_stream(source_.app, stream_, told_room, this);
    }
  }

 private:
  TopicSubscriber(const TopicFeed::Source& source, prefork_response* response,
                  prefork_stream* stream, std::shared_ptr<const Settings> settings)
      : source_(source),
        response_(response),
        stream_(stream),
        settings_(std::move(settings)),
        feed_(TopicFeed::of(source)) {}
  ~TopicSubscriber() = default;

  [[nodiscard]] const prefork_api& api() const { return *source_.api; }

  void start(std::optional<std::uint64_t> last_seen) {
    EventStreams::of(source_.app).add(*this);
    feed_->add(*this);
    gone_ = api().wait_stream_gone(source_.app, stream_, told_gone, this);
    beat();
    begin_reading(last_seen);
    // Something to begin with: so clients, and proxies, know that it has begun.
    unsent_ = settings_->retry.count() > 0
                  ? "retry: " + std::to_string(settings_->retry.count()) + "\n\n"
                  : std::string(kHeartbeat);
    advance();
  }
  // Behind what it has seen; without that behind the newest. Numbers that there are not yet are
  // those of an earlier server: then all of this one's are new.
  void begin_reading(std::optional<std::uint64_t> last_seen) {
    std::uint64_t end = UINT64_MAX;
    std::string piece(source_.piece_bytes, '\0');
    std::size_t got = 0;
    std::uint64_t lost = 0;
    api().read_topic(source_.app, source_.thing, &end, piece.data(), piece.size(), &got, &lost);
    next_ = !last_seen ? end : *last_seen <= end ? *last_seen : 0;
  }

  // True: there is something to send.
  bool take_next() {
    const std::optional<TopicFeed::Piece> piece = feed_->read(next_);
    if (!piece) {
      return false;
    }
    if (piece->lost != 0 && settings_->slow_clients == SlowClients::close) {
      is_over_ = true;
      return false;
    }
    if (piece->lost != 0 && !settings_->lost_type.empty()) {
      unsent_ = format_event(std::to_string(piece->lost), settings_->lost_type);
    }
    const std::string id = std::to_string(piece->number + 1);
    unsent_.append(format_event({.data = piece->bytes, .type = settings_->type, .id = id}));
    return true;
  }
  // True: it is sent.
  bool send() {
    // So much finds room when the server says that there is some.
    constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
    while (sent_ < unsent_.size()) {
      const std::string_view piece = std::string_view(unsent_).substr(sent_, kPieceBytes);
      const prefork_status status = api().try_write(stream_, text(piece));
      if (status != PREFORK_OK) {
        is_over_ = status != PREFORK_FULL;
        return false;
      }
      sent_ += piece.size();
    }
    unsent_.clear();
    sent_ = 0;
    return true;
  }

  void beat() {
    if (settings_->heartbeat > std::chrono::nanoseconds::zero()) {
      heartbeat_ = api().wait_time(source_.app, to_ns(settings_->heartbeat), told_time, this);
    }
  }
  static void told_time(void* self, prefork_status how) {
    auto& subscriber = *static_cast<TopicSubscriber*>(self);
    subscriber.heartbeat_ = nullptr;
    if (how == PREFORK_OK) {
      if (subscriber.room_ == nullptr) {
        subscriber.api().try_write(subscriber.stream_, text(kHeartbeat));
      }
      subscriber.beat();
    }
  }
  static void told_room(void* self, prefork_status how) {
    auto& subscriber = *static_cast<TopicSubscriber*>(self);
    subscriber.room_ = nullptr;
    if (how == PREFORK_OK) {
      subscriber.advance();
    }
  }
  static void told_gone(void* self, prefork_status /*how*/) {
    auto& subscriber = *static_cast<TopicSubscriber*>(self);
    subscriber.gone_ = nullptr;
    subscriber.end();
  }

  const TopicFeed::Source source_;
  prefork_response* response_;
  prefork_stream* stream_;
  const std::shared_ptr<const Settings> settings_;
  const std::shared_ptr<TopicFeed> feed_;
  std::uint64_t next_ = 0;
  std::string unsent_;    // whole events
  std::size_t sent_ = 0;  // of these
  bool is_over_ = false;
  prefork_wait* gone_ = nullptr;
  prefork_wait* room_ = nullptr;
  prefork_wait* heartbeat_ = nullptr;
};

inline void TopicFeed::told(void* self, prefork_status how) {
  auto& feed = *static_cast<TopicFeed*>(self);
  feed.wait_ = nullptr;
  if (how != PREFORK_OK || feed.subscribers_.empty()) {
    return;
  }
  // The last of them may end, and the feed with it.
  const std::shared_ptr<TopicFeed> kept = of(feed.source_);
  const std::vector<TopicSubscriber*> all(feed.subscribers_.begin(), feed.subscribers_.end());
  for (TopicSubscriber* const subscriber : all) {
    if (feed.subscribers_.contains(subscriber)) {
      subscriber->advance();
    }
  }
}

class TopicBody final : public LaterBody {
 public:
  TopicBody(const TopicFeed::Source& source, TopicSubscriber::Settings settings,
            std::optional<std::uint64_t> last_seen)
      : source_(source),
        settings_(std::make_shared<const TopicSubscriber::Settings>(std::move(settings))),
        last_seen_(last_seen) {}
  void begin(const prefork_api& /*api*/, prefork_app* /*app*/,
             prefork_response* response) override {
    TopicSubscriber::begin(source_, response, settings_, last_seen_);
  }

 private:
  const TopicFeed::Source source_;
  const std::shared_ptr<const TopicSubscriber::Settings> settings_;
  const std::optional<std::uint64_t> last_seen_;
};

// Nothing: it is none of ours.
inline std::optional<std::uint64_t> seen_number(const Request& request) {
  const std::optional<std::string_view> id = request.last_event_id();
  if (!id || id->empty() || id->size() > 18 ||
      id->find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::stoull(std::string(*id));
}

}  // namespace detail

// What is published in the topic from now on, by whichever worker, one event for each piece: its id
// is the number of the piece, so that a client that comes back gets what it has missed, as far as
// the topic still keeps it. What waits for a client is 256 KiB at most; behind that it is the topic
// that keeps it. Clients of one worker share a thread. Throws std::runtime_error when the server is
// too old.
inline Response events(const Request& request, const Topic& topic,
                       const TopicOptions& options = {}) {
  detail::check_event_field(options.type, "type");
  detail::check_event_field(options.lost_type, "type");
  Response response = events();
  response.later(std::make_shared<detail::TopicBody>(
      topic.source(),
      detail::TopicSubscriber::Settings{options.heartbeat, options.retry, std::string(options.type),
                                        std::string(options.lost_type), options.slow_clients},
      detail::seen_number(request)));
  return response;
}

// What a coroutine writes; see above. `body` is moved, and lives until the coroutine has ended.
template <detail::WritesLater<EventWriter> Function>
Response events(const Request& /*request*/, Function body, const EventOptions& options = {}) {
  Response response = events();
  response.later(std::make_shared<detail::CoroutineBody>(
      [body = std::move(body)](detail::StreamRun& run) { return body(EventWriter(run)); },
      detail::StreamOptions{true, options.heartbeat, detail::kHeartbeat}));
  return response;
}

}  // namespace v1
}  // namespace prefork
