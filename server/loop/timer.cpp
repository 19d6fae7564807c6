#include "server/loop/timer.h"

#include <utility>

#include "server/loop/event_loop.h"

namespace prefork::loop {

Timer::Timer(EventLoop& loop, std::function<void()> on_due)
    : loop_(loop), on_due_(std::move(on_due)) {
  loop_.add_timer(*this);
}

Timer::~Timer() { loop_.remove_timer(*this); }

void Timer::arm(std::uint64_t at_ns) {
  due_ns_ = at_ns;
  loop_.update_due_time();
}

void Timer::fire() {
  disarm();
  on_due_();
}

}  // namespace prefork::loop
