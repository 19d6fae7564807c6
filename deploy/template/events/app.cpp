// Server-sent events: what is posted to /events reaches everybody who listens there, whichever
// worker they are connected to.
#include <prefork/app.hpp>

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// Those who listen to this worker. A listener needs no thread.
class Listeners {
 public:
  void add(prefork::Responder listener) {
    listener.start(prefork::events());
    listener.try_write(": welcome\n\n");
    const std::lock_guard lock(mutex_);
    if (!is_closed_) {
      list_.push_back(std::move(listener));
    }
  }
  // Whoever is gone or does not keep up is let go; a browser comes again by itself.
  void tell(std::string_view event) {
    const std::lock_guard lock(mutex_);
    std::erase_if(list_, [event](prefork::Responder& listener) {
      return listener.try_write(event) != PREFORK_OK;
    });
  }
  // Ends the streams.
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    list_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<prefork::Responder> list_;
  bool is_closed_ = false;
};

}  // namespace

PREFORK_APP(app) {
  const auto listeners = std::make_shared<Listeners>();
  // Shared by all workers: 256 pieces of at most 4 KiB.
  const prefork::Topic news = app.topic("news", 256, 4096);

  app.get("/events", prefork::deferred,
          [listeners](prefork::Request, prefork::Responder responder) {
            listeners->add(std::move(responder));
          });
  app.post("/events", [news](const prefork::Request& request) {
    return news.publish(request.body()) ? prefork::Response(204)
                                        : prefork::text("too long for an event\n", 413);
  });
  app.subscribe(news, [listeners](const prefork::Message& message) {
    listeners->tell(prefork::format_event(message.piece));
  });
  // A worker that goes does not wait for listeners: they come again, to another one.
  app.on_drain([listeners](const prefork::Worker&) { listeners->close(); });

  app.get("/status", prefork::on_loop,
          [](const prefork::Request&) { return prefork::json(R"({"status":"ok"})"); });
}
