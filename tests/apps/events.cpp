// Server-sent events: what is posted to /publish reaches everybody who listens to /events. Deferred
// answers need no thread each, so one thread of the application's own feeds them all.
//
//   curl -N localhost:8000/events &
//   curl localhost:8000/publish -d 'hello'
//
// Each worker knows its own listeners. A service with several workers would let their feeding
// threads read from one place: a database, a message broker.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <prefork/app.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

class Feed {
 public:
  void start() {
    thread_ = std::thread([this] { run(); });
  }

  // Nobody may hold up a worker that wants to go: browsers come again by themselves, and find
  // another one.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

  void stop() {
    close();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  void add(prefork::Responder listener) {
    listener.start(prefork::events());
    {
      const std::lock_guard lock(mutex_);
      if (closed_) {
        return;  // ends the stream
      }
      listeners_.push_back(std::move(listener));
    }
    changed_.notify_one();
  }

  void publish(std::string_view text) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(prefork::format_event(text));
    }
    changed_.notify_one();
  }

  std::size_t listeners() {
    const std::lock_guard lock(mutex_);
    return listeners_.size();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    // What was published before the end is told before the end.
    for (bool last = false; !last;) {
      // Now and then a comment, which nobody sees, shows who has left.
      if (!changed_.wait_for(lock, kHeartbeat, [this] { return closed_ || !waiting_.empty(); })) {
        waiting_.emplace_back(":\n\n");
      }
      last = closed_;
      for (const std::string& text : std::exchange(waiting_, {})) {
        // Full is as bad as gone: a client that does not keep up must not cost memory for ever.
        std::erase_if(listeners_, [&](prefork::Responder& listener) {
          return listener.try_write(text) != PREFORK_OK;
        });
      }
    }
    listeners_.clear();  // ends the streams
  }

  static constexpr std::chrono::milliseconds kHeartbeat{500};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<prefork::Responder> listeners_;  // guarded by mutex_
  std::vector<std::string> waiting_;           // guarded by mutex_
  bool closed_ = false;                        // guarded by mutex_
  std::thread thread_;
};

}  // namespace

PREFORK_APP(app) {
  const auto feed = std::make_shared<Feed>();

  app.get("/events", prefork::deferred, [feed](prefork::Request, prefork::Responder responder) {
    feed->add(std::move(responder));
  });
  app.post("/publish", prefork::on_loop, [feed](const prefork::Request& request) {
    feed->publish(request.body());
    return prefork::Response(204);
  });
  app.get("/listeners", prefork::on_loop, [feed](const prefork::Request&) {
    return prefork::text(std::to_string(feed->listeners()) + "\n");
  });

  app.on_worker_start([feed](const prefork::Worker&) { feed->start(); });
  app.on_drain([feed](const prefork::Worker&) { feed->close(); });
  app.on_worker_stop([feed](const prefork::Worker&) { feed->stop(); });
}
