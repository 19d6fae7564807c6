// One route for each place where a handler can run, for tests under load: every answer begins with
// "ID PID GENERATION ", the identity that the path gave and the worker that answered.
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <prefork/app.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDelay{2};

// Answers what it is given, after a while, on a thread of its own.
class Later {
 public:
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void answer(prefork::Responder responder, std::string text) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({Clock::now() + kDelay, std::move(responder), std::move(text)});
    }
    changed_.notify_one();
  }

 private:
  struct Waiting {
    Clock::time_point due;
    prefork::Responder responder;
    std::string text;
  };

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) {
        return;
      }
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(next.due);
      next.responder.send(prefork::text(std::move(next.text)));
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
  std::thread thread_;
};

struct Shared {
  prefork::Worker worker;
  Later later;

  std::string answer_to(const prefork::Request& request) const {
    return std::string(request.parameter("id")) + " " + std::to_string(worker.pid) + " " +
           std::to_string(worker.generation) + " ";
  }
};

}  // namespace

PREFORK_APP(app) {
  const auto shared = std::make_shared<Shared>();

  app.get("/pool/{id}", [shared](const prefork::Request& request) {
    std::this_thread::sleep_for(kDelay);
    return prefork::text(shared->answer_to(request));
  });
  app.get("/loop/{id}", prefork::on_loop, [shared](const prefork::Request& request) {
    return prefork::text(shared->answer_to(request));
  });
  app.get("/deferred/{id}", prefork::deferred,
          [shared](const prefork::Request& request, prefork::Responder responder) {
            shared->later.answer(std::move(responder), shared->answer_to(request));
          });
  app.get("/stream/{id}", [shared](const prefork::Request& request) {
    const std::string first = shared->answer_to(request);
    constexpr int kPieces = 20;
    const std::string piece(1000, 's');
    const auto write = [first, piece](prefork::Writer& out) {
      out.write(first);
      for (int i = 0; i < kPieces && out.write(piece); ++i) {
      }
    };
    return prefork::Response()
        .header("Content-Type", "text/plain")
        .stream(write, first.size() + kPieces * piece.size());
  });
  app.post("/upload/{id}", prefork::upload(1 << 20), [shared](const prefork::Request& request) {
    char room[4096];
    std::size_t size = 0;
    while (const std::size_t got = request.read(room)) {
      size += got;
    }
    return prefork::text(shared->answer_to(request) + std::to_string(size));
  });

  app.on_worker_start([shared](const prefork::Worker& worker) {
    shared->worker = worker;
    shared->later.start();
  });
  app.on_worker_stop([shared](const prefork::Worker&) { shared->later.stop(); });
}
