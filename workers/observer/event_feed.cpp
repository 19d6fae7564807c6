#include "workers/observer/event_feed.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/http/body_source.h"

namespace prefork::observer {

namespace {

constexpr std::string_view kRetryAfterBusySeconds = "5";

std::shared_ptr<const std::string> event_of(std::string_view name, const std::string& data) {
  std::string text = "event: ";
  text.reserve(text.size() + name.size() + data.size() + 16);
  text.append(name).append("\ndata: ").append(data).append("\n\n");
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

// Sends the present event to its end, then the newest there is.
class EventFeed::Listener : public http::BodySource {
 public:
  explicit Listener(EventFeed& feed) : feed_(feed) { feed_.listeners_.push_back(this); }
  ~Listener() override { std::erase(feed_.listeners_, this); }

  void start(std::function<void()> wake) override { wake_ = std::move(wake); }

  http::SourceResult read(std::span<char> room) override {
    if (text_ == nullptr && !take_next()) {
      return {feed_.is_over_ ? http::SourceStatus::end : http::SourceStatus::wait, 0};
    }
    const std::size_t size = std::min(room.size(), text_->size() - sent_);
    if (size == 0) {
      return {http::SourceStatus::wait, 0};
    }
    std::memcpy(room.data(), text_->data() + sent_, size);
    sent_ += size;
    if (sent_ == text_->size()) {
      text_.reset();
    }
    return {http::SourceStatus::more, size};
  }

  void wake() const {
    if (wake_) {
      wake_();
    }
  }

 private:
  bool take_next() {
    return !feed_.is_over_ && (take(feed_.details_, details_) || take(feed_.state_, state_));
  }

  bool take(const Event& event, std::uint64_t& told) {
    if (event.number == told) {
      return false;
    }
    told = event.number;
    text_ = event.text;
    sent_ = 0;
    return true;
  }

  EventFeed& feed_;
  std::function<void()> wake_;
  std::shared_ptr<const std::string> text_;  // on its way; null: none is
  std::size_t sent_ = 0;                     // of it
  std::uint64_t details_ = 0;                // the numbers of the last that it was told
  std::uint64_t state_ = 0;
};

EventFeed::EventFeed(loop::EventLoop& loop, std::function<LiveReport()> look)
    : loop_(loop), look_(std::move(look)), timer_(loop, [this] { tick(); }) {}

void EventFeed::answer(http::Response& response) {
  if (listeners_.size() >= kMaxListeners) {
    response.set_error(503, "too many listen already");
    response.add_field("Retry-After", kRetryAfterBusySeconds);
    return;
  }
  // Whoever comes again after its end is to come to the process that answers by then.
  response.close_connection();
  if (!is_over_) {
    if (state_.number == 0 || loop_.now_ns() - made_ns_ >= kIntervalNs) {
      make_events();
    }
    timer_.arm_no_later_than(made_ns_ + kIntervalNs);
  }
  response.set_content_type("text/event-stream");
  response.add_field("Cache-Control", "no-store");
  response.add_field("X-Content-Type-Options", "nosniff");
  response.set_source(std::make_unique<Listener>(*this));
}

void EventFeed::end() {
  is_over_ = true;
  timer_.disarm();
  for (const Listener* listener : listeners_) {
    listener->wake();
  }
}

void EventFeed::tick() {
  if (listeners_.empty()) {
    return;
  }
  make_events();
  timer_.arm(made_ns_ + kIntervalNs);
  for (const Listener* listener : listeners_) {
    listener->wake();
  }
}

void EventFeed::make_events() {
  LiveReport report = look_();
  // From here the next second runs, whenever in its turn of the loop this one came about.
  made_ns_ = loop_.refresh_now();
  state_ = {state_.number + 1, event_of("state", report.state)};
  if (details_.number == 0 || report.details != told_details_) {
    details_ = {details_.number + 1, event_of("details", report.details)};
    told_details_ = std::move(report.details);
  }
}

}  // namespace prefork::observer
