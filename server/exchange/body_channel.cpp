#include "server/exchange/body_channel.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/http/trailer.h"

namespace prefork::exchange {

bool BodyChannel::write(std::string_view bytes) {
  while (!bytes.empty()) {
    bool wake = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return end_ != End::open || bytes_.size() < kCapacity; });
      if (end_ != End::open) {
        told_gone_ = true;
        return false;
      }
      const std::string_view piece = bytes.substr(0, kCapacity - bytes_.size());
      bytes_.append(piece);
      bytes.remove_prefix(piece.size());
      wake = std::exchange(loop_waits_, false);
    }
    changed_.notify_one();
    wake_if(wake);
  }
  return true;
}

ChannelState BodyChannel::try_write(std::string_view bytes) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (end_ != End::open) {
      told_gone_ = true;
      return ChannelState::gone;
    }
    if (!bytes_.empty() && bytes_.size() + bytes.size() > kCapacity) {
      return ChannelState::full;
    }
    bytes_.append(bytes);
    changed_.notify_all();
    wake = std::exchange(loop_waits_, false);
  }
  wake_if(wake);
  return ChannelState::open;
}

bool BodyChannel::push(std::string_view bytes) {
  std::function<void()> tell;
  bool has_room = false;
  {
    const std::lock_guard lock(mutex_);
    if (end_ != End::open) {
      // Nobody reads it any more; the sender may as well get rid of it.
      return true;
    }
    bytes_.append(bytes);
    changed_.notify_one();
    loop_waits_ = bytes_.size() >= kCapacity;
    has_room = !loop_waits_;
    tell = std::exchange(tell_handler_, nullptr);
  }
  if (tell) {
    tell();
  }
  return has_room;
}

bool BodyChannel::has_room() const {
  const std::lock_guard lock(mutex_);
  return end_ != End::open || bytes_.size() < kCapacity;
}

ChannelState BodyChannel::add_trailer(std::string_view name, std::string_view value) {
  const std::lock_guard lock(mutex_);
  if (end_ != End::open) {
    return ChannelState::gone;
  }
  const std::size_t size = trailers_.wire().size() + http::FieldList::line_bytes(name, value);
  if (size > http::kMaxTrailerBytes) {
    return ChannelState::full;
  }
  trailers_.append(name, value);
  return ChannelState::open;
}

// Nobody changes them any more.
std::string_view BodyChannel::trailers() const {
  const std::lock_guard lock(mutex_);
  return end_ == End::finished ? trailers_.wire() : std::string_view{};
}

void BodyChannel::finish() { end(End::finished, false); }
void BodyChannel::fail() { end(End::failed, true); }
void BodyChannel::abandon() { end(End::abandoned, true); }

void BodyChannel::end(End end, bool also_finished) {
  bool wake = false;
  std::function<void()> tell;
  std::function<void()> tell_gone;
  {
    const std::lock_guard lock(mutex_);
    if (end_ != End::open && !(also_finished && end_ == End::finished)) {
      return;
    }
    end_ = end;
    tell = std::exchange(tell_handler_, nullptr);
    tell_gone = std::exchange(tell_gone_, nullptr);
    if (end != End::finished) {
      std::string().swap(bytes_);
      begin_ = 0;
    }
    wake = std::exchange(loop_waits_, false);
  }
  changed_.notify_all();
  wake_if(wake);
  for (const auto& function : {tell, tell_gone}) {
    if (function) {
      function();
    }
  }
}

http::SourceResult BodyChannel::read(std::span<char> room) {
  http::SourceResult result;
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (!std::exchange(asked_, true)) {
      // Somebody may wait to hear that the content is wanted (100 Continue).
      lock.unlock();
      wake_if(true);
      lock.lock();
    }
    if (on_wait_ && !has_waited_ && is_to_wait()) {
      lock.unlock();
      has_waited_ = true;
      on_wait_(true);
      lock.lock();
    }
    changed_.wait(lock, [this] { return !is_to_wait(); });
    result = take(room);
    told_gone_ = told_gone_ || result.status == http::SourceStatus::failed;
    wake = bytes_.size() < kCapacity / 2 && std::exchange(loop_waits_, false);
  }
  changed_.notify_one();
  wake_if(wake);
  if (result.status != http::SourceStatus::more && std::exchange(has_waited_, false)) {
    on_wait_(false);
  }
  return result;
}

http::SourceResult BodyChannel::try_read(std::span<char> room) {
  std::function<void()> tell;
  http::SourceResult result;
  {
    const std::lock_guard lock(mutex_);
    result = take(room);
    loop_waits_ = result.status == http::SourceStatus::wait;
    if (bytes_.size() < kCapacity / 2) {
      changed_.notify_one();
      tell = std::exchange(tell_handler_, nullptr);
    }
  }
  if (tell) {
    tell();
  }
  return result;
}

http::SourceResult BodyChannel::read_now(std::span<char> room) {
  http::SourceResult result;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    // Somebody may wait to hear that the content is wanted (100 Continue).
    wake = !std::exchange(asked_, true);
    result = take(room);
    told_gone_ = told_gone_ || result.status == http::SourceStatus::failed;
    if (bytes_.size() < kCapacity / 2) {
      wake = std::exchange(loop_waits_, false) || wake;
    }
  }
  wake_if(wake);
  return result;
}

bool BodyChannel::tell_handler(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  const bool is_worth =
      end_ != End::open || (asked_ ? !bytes_.empty() : bytes_.size() < kCapacity / 2);
  tell_handler_ = is_worth ? nullptr : std::move(tell);
  return !is_worth;
}

bool BodyChannel::tell_gone(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  const bool is_gone = end_ != End::open;
  tell_gone_ = is_gone ? nullptr : std::move(tell);
  return !is_gone;
}

// With the lock held.
http::SourceResult BodyChannel::take(std::span<char> room) {
  if (end_ == End::failed || end_ == End::abandoned) {
    return {http::SourceStatus::failed, 0};
  }
  if (bytes_.empty()) {
    return {end_ == End::finished ? http::SourceStatus::end : http::SourceStatus::wait, 0};
  }
  if (room.empty()) {
    return {http::SourceStatus::wait, 0};
  }
  const std::size_t size = std::min(room.size(), bytes_.size() - begin_);
  std::memcpy(room.data(), bytes_.data() + begin_, size);
  begin_ += size;
  if (begin_ == bytes_.size()) {
    bytes_.clear();
    begin_ = 0;
  }
  return {http::SourceStatus::more, size};
}

bool BodyChannel::is_wanted() const {
  const std::lock_guard lock(mutex_);
  return end_ == End::open;
}

bool BodyChannel::was_told_gone() const {
  const std::lock_guard lock(mutex_);
  return told_gone_;
}

bool BodyChannel::was_asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void BodyChannel::wake_if(bool wanted) {
  if (wanted && wake_loop_) {
    wake_loop_();
  }
}

}  // namespace prefork::exchange
