// What an application waits for on its worker's event loop, and what it has called there; see "the
// event loop of a worker" in include/prefork/abi.h. Made when the application enters the worker.
// One thread: the event loop's, unless it says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "server/exchange/body_channel.h"
#include "server/exchange/client_state.h"
#include "server/exchange/scheduler.h"
#include "server/include/prefork/abi.h"
#include "server/native/native_topics.h"

// One thing that is waited for. Whoever is to tell it, on any thread, holds it as long as it may.
struct prefork_wait : public prefork::exchange::ClientListener {
  enum class Kind : std::uint8_t { time, descriptor, client, stream, stream_gone, topic };

  prefork_wait(prefork_app* in, Kind what, prefork_waited function, void* data)
      : app(in), kind(what), waited(function), user_data(data) {}

  void on_client_gone(bool is_answered) override;

  prefork_app* const app;
  const Kind kind;
  const prefork_waited waited;
  void* const user_data;
  bool is_over = false;
  std::uint64_t id = 0;  // of the timer or the watch
  std::shared_ptr<prefork::exchange::ClientBox> client;
  prefork::exchange::BodyChannel* stream = nullptr;
};

namespace prefork::native {

class LoopWaits {
 public:
  // `scheduler` outlives it; of `things` the topics can be waited for.
  LoopWaits(exchange::Scheduler& scheduler, const SharedThings& things)
      : scheduler_(scheduler), news_(scheduler, things) {}

  [[nodiscard]] exchange::Scheduler& scheduler() { return scheduler_; }
  [[nodiscard]] bool is_over() const { return is_over_; }

  // Each begins what `wait` is for. False: it is not waited for, and errno says why.
  bool begin_time(std::shared_ptr<prefork_wait> wait, std::uint64_t ns);
  bool begin_descriptor(std::shared_ptr<prefork_wait> wait, int fd, bool for_writing);
  void begin_stream(std::shared_ptr<prefork_wait> wait);
  bool begin_topic(std::shared_ptr<prefork_wait> wait, std::uint32_t thing, std::uint64_t number);
  // Any thread.
  void begin_client(std::shared_ptr<prefork_wait> wait);

  // Any thread: it has come to its end, which the loop says in a later turn.
  void tell(std::shared_ptr<prefork_wait> wait, prefork_status how);
  void cancel(prefork_wait& wait);
  // Says so to each that is left; none begins any more.
  void end_all();
  // Of one of them.
  [[nodiscard]] std::shared_ptr<prefork_wait> hold(prefork_wait& wait) const;

 private:
  void end(prefork_wait& wait, prefork_status how);
  void stop_waiting(prefork_wait& wait);

  exchange::Scheduler& scheduler_;
  TopicNews news_;
  std::unordered_map<const prefork_wait*, std::shared_ptr<prefork_wait>> waits_;
  bool is_over_ = false;
};

// Fills in the functions of the interface that are about it.
void add_loop_functions(prefork_api& api);

}  // namespace prefork::native
