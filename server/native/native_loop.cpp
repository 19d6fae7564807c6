#include "server/native/native_loop.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "ipc/base/forked.h"
#include "server/native/native_application.h"
#include "server/native/native_request.h"
#include "server/native/native_response.h"
#include "server/native/native_work.h"
#include "server/native/running_function.h"

void prefork_wait::on_client_gone(bool is_answered) {
  prefork::native::LoopWaits& waits = *app->waits;
  waits.tell(waits.hold(*this), is_answered ? PREFORK_OK : PREFORK_GONE);
}

namespace prefork::native {

namespace {

using Kind = prefork_wait::Kind;

const std::string kWhat = "a function that the event loop calls";

// Null, and errno says why: nothing can be waited for here.
LoopWaits* waits_of(const prefork_app* app) {
  LoopWaits* const waits = app->waits.get();
  if (waits == nullptr || !waits->scheduler().is_loop_thread()) {
    errno = EPERM;
    return nullptr;
  }
  if (waits->is_over()) {
    errno = ESHUTDOWN;
    return nullptr;
  }
  return waits;
}

prefork_status post(prefork_app* app, prefork_function function, void* user_data) {
  if (app->waits == nullptr || function == nullptr) {
    return PREFORK_WRONG;
  }
  switch (app->waits->scheduler().post([function, user_data] {
    const RunningFunction here(kWhat);
    function(user_data);
    ipc::end_copy();
  })) {
    case exchange::Scheduler::Posted::yes:
      return PREFORK_OK;
    case exchange::Scheduler::Posted::full:
      return PREFORK_FULL;
    case exchange::Scheduler::Posted::over:
      break;
  }
  return PREFORK_GONE;
}

int is_loop_thread_of(const prefork_app* app) {
  return app->waits != nullptr && app->waits->scheduler().is_loop_thread() ? 1 : 0;
}

prefork_wait* wait_time(prefork_app* app, std::uint64_t ns, prefork_waited waited,
                        void* user_data) {
  LoopWaits* const waits = waits_of(app);
  if (waits == nullptr) {
    return nullptr;
  }
  auto wait = std::make_shared<prefork_wait>(app, Kind::time, waited, user_data);
  return waits->begin_time(wait, ns) ? wait.get() : nullptr;
}

prefork_wait* wait_fd(prefork_app* app, int fd, int for_writing, prefork_waited waited,
                      void* user_data) {
  LoopWaits* const waits = waits_of(app);
  if (waits == nullptr) {
    return nullptr;
  }
  auto wait = std::make_shared<prefork_wait>(app, Kind::descriptor, waited, user_data);
  return waits->begin_descriptor(wait, fd, for_writing != 0) ? wait.get() : nullptr;
}

prefork_wait* wait_gone(prefork_call* call, prefork_waited waited, void* user_data) {
  if (call == nullptr || call->app->waits == nullptr) {
    errno = EPERM;
    return nullptr;
  }
  auto wait = std::make_shared<prefork_wait>(call->app, Kind::client, waited, user_data);
  wait->client = client_of(*call);
  call->app->waits->begin_client(wait);
  return wait.get();
}

prefork_wait* wait_stream_as(Kind kind, prefork_app* app, prefork_stream* stream,
                             prefork_waited waited, void* user_data) {
  LoopWaits* const waits = waits_of(app);
  if (waits == nullptr) {
    return nullptr;
  }
  auto wait = std::make_shared<prefork_wait>(app, kind, waited, user_data);
  wait->stream = &to_channel(stream);
  waits->begin_stream(wait);
  return wait.get();
}

prefork_wait* wait_stream(prefork_app* app, prefork_stream* stream, prefork_waited waited,
                          void* user_data) {
  return wait_stream_as(Kind::stream, app, stream, waited, user_data);
}

prefork_wait* wait_stream_gone(prefork_app* app, prefork_stream* stream, prefork_waited waited,
                               void* user_data) {
  return wait_stream_as(Kind::stream_gone, app, stream, waited, user_data);
}

prefork_wait* wait_topic(prefork_app* app, std::uint32_t thing, std::uint64_t number,
                         prefork_waited waited, void* user_data) {
  LoopWaits* const waits = waits_of(app);
  if (waits == nullptr) {
    return nullptr;
  }
  if (find_thing(app, thing, ipc::SharedKind::topic) == nullptr) {
    errno = EINVAL;
    return nullptr;
  }
  auto wait = std::make_shared<prefork_wait>(app, Kind::topic, waited, user_data);
  return waits->begin_topic(wait, thing, number) ? wait.get() : nullptr;
}

void cancel_wait(prefork_wait* wait) { wait->app->waits->cancel(*wait); }

}  // namespace

bool LoopWaits::begin_time(std::shared_ptr<prefork_wait> wait, std::uint64_t ns) {
  wait->id = scheduler_.start_timer(ns, [this, one = wait.get()] { end(*one, PREFORK_OK); });
  waits_.emplace(wait.get(), std::move(wait));
  return true;
}

bool LoopWaits::begin_descriptor(std::shared_ptr<prefork_wait> wait, int fd, bool for_writing) {
  wait->id = scheduler_.watch(fd, for_writing, [this, one = wait.get()] { end(*one, PREFORK_OK); });
  if (wait->id == 0) {
    return false;
  }
  waits_.emplace(wait.get(), std::move(wait));
  return true;
}

void LoopWaits::begin_stream(std::shared_ptr<prefork_wait> wait) {
  const bool is_end = wait->kind == Kind::stream_gone;
  const prefork_status how = is_end ? PREFORK_GONE : PREFORK_OK;
  const auto say = [this, wait, how] { tell(wait, how); };
  const bool waits = is_end ? wait->stream->tell_gone(say) : wait->stream->tell_handler(say);
  if (!waits) {
    tell(wait, how);
  }
  waits_.emplace(wait.get(), std::move(wait));
}

bool LoopWaits::begin_topic(std::shared_ptr<prefork_wait> wait, std::uint32_t thing,
                            std::uint64_t number) {
  wait->id = news_.follow(thing, number, [this, wait] { tell(wait, PREFORK_OK); });
  if (wait->id == 0) {
    return false;
  }
  waits_.emplace(wait.get(), std::move(wait));
  return true;
}

void LoopWaits::begin_client(std::shared_ptr<prefork_wait> wait) {
  if (!scheduler_.is_loop_thread()) {
    scheduler_.tell([this, wait] { begin_client(wait); });
    return;
  }
  if (wait->is_over) {
    return;
  }
  waits_.emplace(wait.get(), wait);
  const bool is_gone = wait->client->get() != exchange::ClientState::waiting;
  if (is_gone || is_over_) {
    tell(std::move(wait), PREFORK_GONE);
    return;
  }
  wait->client->listeners.push_back(wait.get());
}

void LoopWaits::tell(std::shared_ptr<prefork_wait> wait, prefork_status how) {
  scheduler_.tell([this, wait = std::move(wait), how] { end(*wait, how); });
}

std::shared_ptr<prefork_wait> LoopWaits::hold(prefork_wait& wait) const { return waits_.at(&wait); }

void LoopWaits::cancel(prefork_wait& wait) {
  if (!wait.is_over) {
    wait.is_over = true;
    stop_waiting(wait);
    waits_.erase(&wait);
  }
}

void LoopWaits::end(prefork_wait& wait, prefork_status how) {
  if (wait.is_over) {
    return;
  }
  const std::shared_ptr<prefork_wait> kept = hold(wait);
  cancel(wait);
  const RunningFunction here(kWhat);
  wait.waited(wait.user_data, how);
  ipc::end_copy();
}

void LoopWaits::stop_waiting(prefork_wait& wait) {
  switch (wait.kind) {
    case Kind::time:
      scheduler_.cancel_timer(wait.id);
      break;
    case Kind::descriptor:
      scheduler_.cancel_watch(wait.id);
      break;
    case Kind::client:
      wait.client->forget(&wait);
      break;
    case Kind::stream:
      wait.stream->tell_handler(nullptr);
      break;
    case Kind::stream_gone:
      wait.stream->tell_gone(nullptr);
      break;
    case Kind::topic:
      news_.forget(wait.id);
      break;
  }
}

void LoopWaits::end_all() {
  is_over_ = true;
  while (!waits_.empty()) {
    const std::shared_ptr<prefork_wait> wait = waits_.begin()->second;
    end(*wait, PREFORK_GONE);
  }
  news_.stop();
}

void add_loop_functions(prefork_api& api) {
  api.post = post;
  api.is_loop_thread = is_loop_thread_of;
  api.wait_time = wait_time;
  api.wait_fd = wait_fd;
  api.wait_gone = wait_gone;
  api.wait_stream = wait_stream;
  api.wait_stream_gone = wait_stream_gone;
  api.wait_topic = wait_topic;
  api.cancel_wait = cancel_wait;
  add_work_functions(api);
}

}  // namespace prefork::native
