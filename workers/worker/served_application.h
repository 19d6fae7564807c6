// What a worker serves: the demo application, a folder, or an application from a shared object,
// with its life in this process. One thread: the worker's event loop.
#pragma once

#include <cstdint>
#include <memory>

#include "config/options/options.h"
#include "ipc/leadership.h"
#include "server/engine/loop_scheduler.h"
#include "server/exchange/application.h"
#include "server/files/cache.h"
#include "server/loop/event_loop.h"
#include "server/native/native_application.h"
#include "workers/child/child_context.h"
#include "workers/loading/loaded_application.h"
#include "workers/worker/request_keeper.h"

namespace prefork::worker {

class ServedApplication {
 public:
  // Makes or loads it. Both outlive it. Throws loading::ApplicationFailed.
  ServedApplication(const child::ChildContext& context, loop::EventLoop& loop);

  [[nodiscard]] const exchange::Application& application() const {
    return keeper_ != nullptr ? *keeper_ : *served();
  }
  // What it has of the loop, and of the pool once that is there.
  [[nodiscard]] engine::LoopScheduler& scheduler() { return scheduler_; }
  // Descriptors of files that it may keep open.
  [[nodiscard]] std::uint32_t cached_files() const;

  // The worker is about to serve. Throws std::runtime_error when the application does not let it.
  void start();
  // Now and then: asks to be the leader among the workers, and tells the application if it is.
  void on_tick();
  // The worker serves no new connections. Once, however often it is called.
  void drain();
  // The worker has served its last request. True: the application's threads may go on until the
  // process is gone, and may use what it was given.
  bool stop();

 private:
  void load();
  [[nodiscard]] const exchange::Application* served() const {
    return native_ != nullptr ? native_ : application_.get();
  }
  void make_task_client();
  [[nodiscard]] prefork_worker about_this_worker() const;
  [[nodiscard]] ipc::WorkerRecord& record() const { return context_.segment.record(context_.id); }

  const child::ChildContext& context_;
  const files::StaticCacheLimits cache_limits_;
  engine::LoopScheduler scheduler_;
  std::unique_ptr<exchange::Application> application_;  // null: it came as a shared object
  std::unique_ptr<loading::LoadedApplication> loaded_;
  native::NativeApplication* native_ = nullptr;  // of that
  std::unique_ptr<RequestKeeper> keeper_;        // of either; null: without --keep-requests
  const native::SharedPlace shared_place_;
  std::unique_ptr<native::TaskClient> task_client_;
  bool is_drained_ = false;
};

}  // namespace prefork::worker
