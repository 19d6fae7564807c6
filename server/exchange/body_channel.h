// A bounded stream of bytes between the event loop and a thread that may block: content of a
// request on its way to a handler, or of a response on its way from one. The side that runs on a
// thread waits when there is no room or nothing to read; the loop never does, and is woken instead.
// So the client is slowed down by the handler, and the handler by the client.
//
// A handler that has no thread of its own, but is called by the loop, never waits either: it is
// told when it is worth another try (tell_handler).
//
// Shared by exactly one writer and one reader; every function may be called from any thread. After
// either side has given up, the other finds out with its next call.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "server/http/body_source.h"
#include "server/http/field_list.h"

namespace prefork::exchange {

enum class ChannelState : std::uint8_t {
  open,
  full,
  gone,  // nobody is at the other end any more
};

class BodyChannel {
 public:
  // More is taken in only when the reader has made room.
  static constexpr std::size_t kCapacity = 256 * 1024;

  // Called without the lock, by a thread that changed something the loop waits for. To be set
  // before the channel is shared; for the loop's side only.
  explicit BodyChannel(std::function<void()> wake_loop) : wake_loop_(std::move(wake_loop)) {}
  // Where write() must not be called, which would wait for itself. Also before it is shared.
  void set_loop_thread(std::thread::id thread) { loop_thread_ = thread; }
  [[nodiscard]] bool is_loop_thread() const { return loop_thread_ == std::this_thread::get_id(); }
  // Called by the reader's thread, without the lock: with true before it waits for the first time,
  // and once it has waited with false when there is nothing more to wait for. Also before it is
  // shared.
  void set_on_wait(std::function<void(bool waits)> on_wait) { on_wait_ = std::move(on_wait); }

  // --- the writer ---
  // Waits for room. False when nobody will read it.
  bool write(std::string_view bytes);
  // Never waits. `full` takes nothing; bytes longer than the capacity go in when it is empty.
  ChannelState try_write(std::string_view bytes);
  // Takes everything at once, even beyond the capacity, and says whether there is room for more.
  // Otherwise the loop is woken when there is again.
  bool push(std::string_view bytes);
  [[nodiscard]] bool has_room() const;
  // Whether somebody may still read what is written.
  [[nodiscard]] bool is_wanted() const;
  // A field for behind the content. `full`: beyond http::kMaxTrailerBytes.
  ChannelState add_trailer(std::string_view name, std::string_view value);
  // No more will come. Bytes already in it are still read.
  void finish();
  // The rest will not come: reading fails at once.
  void fail();

  // --- the reader ---
  // Waits for something to read; `room` is not empty.
  http::SourceResult read(std::span<char> room);
  // `wait` when there is nothing; then the loop is woken when there is.
  http::SourceResult try_read(std::span<char> room);
  // After the end: what add_trailer() was given, in wire form.
  [[nodiscard]] std::string_view trailers() const;
  // Reads no more: writing fails.
  void abandon();

  // --- a handler that has no thread ---
  // As read(), but `wait` when there is nothing: see tell_handler(), which comes after it.
  http::SourceResult read_now(std::span<char> room);
  // `tell` is called once, without the lock, when there is something to read of a request, or when
  // half of the room is free for an answer, or when nobody is at the other end any more. False:
  // that is so already. Null: nobody is told any more.
  bool tell_handler(std::function<void()> tell);
  // `tell` is called once, without the lock, when nobody will read what is written. False: that is
  // so already. Null: nobody is told any more.
  bool tell_gone(std::function<void()> tell);

  // Whether the side on a thread was told that the other one is gone.
  [[nodiscard]] bool was_told_gone() const;

  // Whether a reader that waits has asked for bytes already; the loop is woken when it does.
  [[nodiscard]] bool was_asked() const;

 private:
  enum class End : std::uint8_t { open, finished, failed, abandoned };

  http::SourceResult take(std::span<char> room);
  [[nodiscard]] bool is_to_wait() const { return end_ == End::open && bytes_.empty(); }
  void wake_if(bool wanted);
  void end(End end, bool also_finished);

  const std::function<void()> wake_loop_;
  std::thread::id loop_thread_;
  std::function<void(bool waits)> on_wait_;
  bool has_waited_ = false;  // of the reader alone
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_.
  std::string bytes_;
  std::size_t begin_ = 0;  // of what is unread in bytes_
  http::FieldList trailers_;
  End end_ = End::open;
  bool asked_ = false;
  bool told_gone_ = false;
  bool loop_waits_ = false;
  std::function<void()> tell_handler_;
  std::function<void()> tell_gone_;
};

// The reading end of a channel as a response's content. A response that ends early abandons it.
// Reading fails when the handler has failed; what it threw is delivered with its job.
class ChannelSource : public http::BodySource {
 public:
  explicit ChannelSource(std::shared_ptr<BodyChannel> channel) : channel_(std::move(channel)) {}
  ~ChannelSource() override { channel_->abandon(); }

  http::SourceResult read(std::span<char> room) override { return channel_->try_read(room); }
  [[nodiscard]] std::string_view trailers() const override { return channel_->trailers(); }
  [[nodiscard]] bool reports_failure() const override { return true; }

 private:
  const std::shared_ptr<BodyChannel> channel_;
};

}  // namespace prefork::exchange
