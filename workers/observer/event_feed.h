// GET /events: server-sent events (HTML Living Standard, 9.2), one a second while somebody listens,
// made once for all who do. Nothing is kept for a listener but where it is in the present event:
// who reads too slowly misses some, and who does not read at all is closed by --timeout-write. One
// thread: the observer's event loop.
//
//   event: details    what changes seldom; first, and when it has changed
//   event: state      what is counted
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/http/response.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"

namespace prefork::observer {

// Two objects of JSON, without a line break.
struct LiveReport {
  std::string state;
  std::string details;
};

class EventFeed {
 public:
  // More are told to come back later.
  static constexpr std::size_t kMaxListeners = 16;
  static constexpr std::uint64_t kIntervalNs = 1'000'000'000;

  // Outlives the server that sends its responses.
  EventFeed(loop::EventLoop& loop, std::function<LiveReport()> look);
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // With the stream, or why there is none.
  void answer(http::Response& response);
  // There is a successor: all streams come to their end, and so do others at once.
  void end();

  [[nodiscard]] std::size_t listeners() const { return listeners_.size(); }

 private:
  class Listener;

  // An event with its lines, which those who send it share.
  struct Event {
    std::uint64_t number = 0;  // 0: there is none yet
    std::shared_ptr<const std::string> text;
  };

  void tick();
  void make_events();

  loop::EventLoop& loop_;
  const std::function<LiveReport()> look_;
  loop::Timer timer_;
  std::vector<Listener*> listeners_;
  std::string told_details_;
  Event details_;
  Event state_;
  std::uint64_t made_ns_ = 0;
  bool is_over_ = false;
};

}  // namespace prefork::observer
