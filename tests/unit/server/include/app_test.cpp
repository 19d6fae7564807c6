// An application in the hands of a server that only notes what it is told.
#include <gtest/gtest.h>

#include <prefork/app.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace prefork {
namespace {

struct Noted {
  std::string failure;
  std::string refuses;  // every route, for this reason
  std::vector<std::string> lines;
  prefork_hooks hooks{};
  void* application = nullptr;
};

Noted* noted_of(prefork_app* app) { return reinterpret_cast<Noted*>(app); }

prefork_api noting_api() {
  prefork_api api{};
  api.size = sizeof api;
  api.version = PREFORK_ABI_VERSION;
  api.add_route = [](prefork_app* app, const prefork_route*) {
    noted_of(app)->failure = noted_of(app)->refuses;
    return noted_of(app)->refuses.empty() ? PREFORK_OK : PREFORK_WRONG;
  };
  api.set_not_found = [](prefork_app*, const prefork_route*) { return PREFORK_OK; };
  api.set_hooks = [](prefork_app* app, const prefork_hooks* hooks, void* application) {
    noted_of(app)->hooks = *hooks;
    noted_of(app)->application = application;
  };
  api.fail = [](prefork_app* app, prefork_text why) { noted_of(app)->failure = detail::view(why); };
  api.log = [](prefork_app* app, int, prefork_text line) {
    noted_of(app)->lines.emplace_back(detail::view(line));
  };
  api.get_failure = [](prefork_app* app) { return detail::text(noted_of(app)->failure); };
  api.set_around = [](prefork_app*, const prefork_around*, void*) { return PREFORK_OK; };
  return api;
}

// Loads it, starts a worker and stops it; what was said of a failure.
std::string live(const std::function<void(App&)>& define, Noted& noted,
                 const prefork_api& api = noting_api()) {
  auto* const app = reinterpret_cast<prefork_app*>(&noted);
  if (App::load(&api, app, define) != 0) {
    return noted.failure;
  }
  prefork_worker worker{};
  worker.size = sizeof worker;
  const bool is_started = noted.hooks.worker_start(noted.application, &worker) == 0;
  if (is_started) {
    noted.hooks.worker_stop(noted.application, &worker);
  }
  noted.hooks.unload(noted.application);
  return is_started ? "" : noted.failure;
}

std::string failure_of(const std::function<void(App&)>& define) {
  Noted noted;
  return live(define, noted);
}

TEST(App, RefusesFunctionsThatAreNoneByName) {
  EXPECT_EQ(failure_of([](App& app) { app.get("/x", App::Handler{}); }),
            "route GET '/x': the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.post("/x", on_loop, App::Handler{}); }),
            "route POST '/x': the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.get("/y", deferred, App::DeferredHandler{}); }),
            "route GET '/y': the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.put("/z", upload(1), App::Handler{}); }),
            "route PUT '/z': the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.before(nullptr); }), "before(): the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.after(nullptr); }), "after(): the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.on_error(nullptr); }),
            "on_error(): the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.not_found(App::Handler{}); }),
            "not_found(): the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.on_load(nullptr); }), "on_load(): the function is none");
  EXPECT_EQ(failure_of([](App& app) { app.on_worker_stop(nullptr); }),
            "on_worker_stop(): the function is none");
  EXPECT_EQ(failure_of([](App& app) {
              app.per_worker<int>(std::function<std::unique_ptr<int>(const Worker&)>{});
            }),
            "per_worker(): the function is none");
}

TEST(App, StartsNoWorkerWithoutTheThingsItWasPromised) {
  EXPECT_EQ(failure_of([](App& app) {
              app.per_worker<int>([](const Worker&) { return std::unique_ptr<int>(); });
            }),
            "a function given to per_worker() returned null");
}

TEST(App, ThrowsWithTheServersReason) {
  Noted noted;
  noted.refuses = "no such pattern";
  std::string said;
  live(
      [&said](App& app) {
        try {
          app.get("x", [](const Request&) { return text(""); });
        } catch (const std::invalid_argument& error) {
          said = error.what();
        }
      },
      noted);
  EXPECT_EQ(said, "no such pattern");
}

TEST(App, RunsUnprotectedOnNoServerThatIsTooOld) {
  Noted noted;
  prefork_api old = noting_api();
  old.size = offsetof(prefork_api, set_around);
  EXPECT_EQ(
      live([](App& app) { app.before([](const Request&) { return std::nullopt; }); }, noted, old),
      "before() and after() need a newer server than this one");
}

// Notes when it goes.
class Thing {
 public:
  Thing(std::string name, std::vector<std::string>& gone) : name_(std::move(name)), gone_(gone) {}
  ~Thing() { gone_.push_back(name_); }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;

 private:
  const std::string name_;
  std::vector<std::string>& gone_;
};

TEST(App, DestroysTheThingsOfAWorkerInReverseOrderAmongTheStopHooks) {
  std::vector<std::string> gone;
  Noted noted;
  const std::string failure = live(
      [&gone](App& app) {
        app.per_worker<Thing>(
            [&gone](const Worker&) { return std::make_unique<Thing>("database", gone); });
        app.on_worker_stop([&gone](const Worker&) { gone.push_back("hook"); });
        app.on_worker_stop([](const Worker&) { throw std::runtime_error("no matter"); });
        app.per_worker<Thing>(
            [&gone](const Worker&) { return std::make_unique<Thing>("thread", gone); });
      },
      noted);
  EXPECT_EQ(failure, "");
  EXPECT_EQ(gone, (std::vector<std::string>{"thread", "hook", "database"}));
  EXPECT_EQ(noted.lines,
            (std::vector<std::string>{"a hook of the worker's life threw: no matter"}));
}

}  // namespace
}  // namespace prefork
