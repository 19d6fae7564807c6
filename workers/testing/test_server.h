// A TestWorker with the thread that it lives on, for a test that calls it from threads of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/options/options.h"
#include "ipc/base/owned_fd.h"
#include "server/native/native_application.h"
#include "workers/testing/test_log.h"
#include "workers/testing/test_worker.h"

namespace prefork::testing {

class TestServer {
 public:
  // `target`: a folder, the file of an application, or empty where `entry` is one. `arguments`: as
  // on the command line of prefork-server. Returns when it serves. Throws std::runtime_error, with
  // a line for people.
  TestServer(const std::string& target, const native::NativeApplication::Entry& entry,
             const std::vector<std::string>& arguments);
  // As a worker ends: hooks of the application run, and it is unloaded.
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Any thread.
  ipc::OwnedFd connect() { return worker_->connect(); }
  // Any thread; see TestLog.
  std::string read_log(std::size_t offset, std::chrono::milliseconds patience) {
    return log_.read(offset, patience);
  }

 private:
  void run(const native::NativeApplication::Entry& entry);

  const config::Options options_;
  TestLog log_;
  std::mutex mutex_;
  std::condition_variable has_begun_;
  TestWorker* worker_ = nullptr;  // from when it serves until it has ended
  std::string problem_;           // why it does not
  std::thread thread_;
};

}  // namespace prefork::testing
