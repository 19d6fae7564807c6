// An application that came as a shared object: what it registered through the C interface, as the
// rest of the server sees applications. See include/prefork/abi.h. Loaded by a worker for itself,
// or by the master, whose workers then have it from the fork. Made by the event loop's thread; its
// functions may be called as the interface says.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"
#include "config/options/options.h"
#include "server/exchange/application.h"
#include "server/files/mounts.h"
#include "server/include/prefork/abi.h"
#include "server/native/native_around.h"
#include "server/native/native_errors.h"
#include "server/native/native_loop.h"
#include "server/native/native_shared.h"
#include "server/native/native_tasks.h"
#include "server/native/native_things.h"
#include "server/native/native_topics.h"
#include "server/native/shared_object.h"
#include "server/routing/router.h"

struct prefork_app {
  using Report = std::function<void(prefork::config::LogLevel level, std::string_view line)>;

  prefork::routing::Router router;
  prefork::files::StaticMounts mounts;
  prefork::native::SharedNumbers numbers;
  prefork::native::SharedThings things;
  std::vector<prefork::native::Subscription> subscriptions;
  prefork::native::NativeTasks tasks;
  std::unique_ptr<prefork::native::LoopWaits> waits;  // null: not in a worker
  prefork::exchange::Handler not_found;
  prefork::exchange::RunOn not_found_on = prefork::exchange::RunOn::pool;
  prefork::native::NativeAround around;
  std::vector<prefork::config::AppSetting> settings;
  prefork::native::NativeErrors errors;
  prefork_hooks hooks{};
  void* hooks_user_data = nullptr;
  bool is_loaded = false;  // nothing can be declared any more
  std::string failure;     // what the application said last
  Report report;
};

namespace prefork::native {

class NativeApplication : public exchange::Application {
 public:
  // `report` may be called by any thread.
  static config::Result<std::unique_ptr<NativeApplication>> load(
      const ApplicationFile& file, const config::ApplicationOptions& options,
      prefork_app::Report report);
  // One that is in this program already; `name` is for messages.
  using Entry = std::function<int(const prefork_api* api, prefork_app* app)>;
  static config::Result<std::unique_ptr<NativeApplication>> load(
      const std::string& name, const Entry& entry, const config::ApplicationOptions& options,
      prefork_app::Report report);

  // Tells the application that it is not needed any more.
  ~NativeApplication() override;

  // A route answers what it has. For the rest the folder is asked, and then not_found; a path that
  // either has for other methods is answered with 405.
  [[nodiscard]] exchange::RouteMatch route(
      const http::Request& request, exchange::RouteParameters& parameters) const noexcept override;

  [[nodiscard]] std::vector<std::string> route_patterns() const override {
    return app_.router.route_patterns();
  }
  [[nodiscard]] const http::ErrorPages& error_pages() const noexcept override {
    return app_.errors.pages();
  }
  // Before requests come: from now on pages say what its handlers threw (--reload).
  void show_failures() { app_.errors.pages().show_failures(app_.router.route_patterns()); }

  // In a worker, before anything else there: opens its folders and binds what it shares. `place`
  // must outlive the application, and `scheduler`, of the calling thread's loop, its threads.
  // Throws std::runtime_error, with a line for people.
  void enter_worker(const SharedPlace& place, exchange::Scheduler& scheduler,
                    const std::string& root_path, files::StaticCacheLimits limits);
  // In a task process, before anything else there: binds the things that workers share.
  void enter_task_process(ipc::SharedTable& table);
  // Likewise, on the thread of tasks. Other threads may do anything else meanwhile.
  [[nodiscard]] TaskOutcome run_task(std::string_view name, std::string_view argument) const;
  // In a worker with task processes: who submits. Outlives the application's threads.
  void set_task_client(TaskClient* client) { app_.tasks.client = client; }
  [[nodiscard]] bool has_tasks() const { return !app_.tasks.list.empty(); }
  // Finds each route's class of the pool by its name in `classes`. Those that name one that there
  // is not stay with the first, and are returned: `GET /reports (reports)`.
  std::vector<std::string> assign_pools(const std::vector<std::string>& classes);
  [[nodiscard]] bool serves_files() const { return !app_.mounts.empty(); }
  // The application's hooks. The problem is what it says of a worker that it does not let start.
  config::Result<void> start_worker(const prefork_worker& worker);
  void lead(const prefork_worker& worker);
  void drain(const prefork_worker& worker);
  void stop_worker(const prefork_worker& worker);

 private:
  struct Found {
    exchange::RouteMatch match;
    bool is_own = false;  // by a handler of the application, which sees to what stands around it
  };

  NativeApplication();

  [[nodiscard]] Found find(const http::Request& request,
                           exchange::RouteParameters& parameters) const noexcept;
  void answer_around(const http::Request& request, http::Response& response);

  prefork_app app_;
  std::unique_ptr<TopicListener> listener_;  // from a worker's start to its stop
  const exchange::Handler around_;           // answers what is not the application's own
};

// Nothing: there is no such priority.
std::optional<exchange::Priority> to_priority(prefork_priority priority);

// The functions an application gets. Lives as long as the process.
const prefork_api& native_api();

}  // namespace prefork::native
