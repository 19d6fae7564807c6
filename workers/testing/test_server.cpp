#include "workers/testing/test_server.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "config/base/config_error.h"
#include "config/load.h"
#include "ipc/base/blocked_signals.h"

namespace prefork::testing {

namespace {

// A test has few clients, and the limit of open files is its program's.
constexpr std::uint32_t kMostConnections = 256;
// The program that an application is linked into.
constexpr const char* kThisProgram = "/proc/self/exe";

config::Options read_options(const std::string& target, const std::vector<std::string>& arguments) {
  std::vector<std::string> command_line = {target.empty() ? kThisProgram : target};
  command_line.insert(command_line.end(), arguments.begin(), arguments.end());
  config::Loaded loaded = config::load_options(command_line, {});
  if (loaded.action != config::Action::run) {
    throw std::runtime_error(loaded.errors.empty()
                                 ? "the arguments ask for something else than to serve"
                                 : loaded.errors.front().source + ": " +
                                       loaded.errors.front().message);
  }
  config::Options& options = loaded.options;
  options.processes.workers = 1;
  options.limits.connections = std::min(options.limits.connections, kMostConnections);
  if (options.logging.access_log == "-") {
    options.logging.access_log.clear();  // standard output is the test's
  }
  return std::move(options);
}

}  // namespace

TestServer::TestServer(const std::string& target, const native::NativeApplication::Entry& entry,
                       const std::vector<std::string>& arguments)
    : options_(read_options(target, arguments)), log_(options_.logging.level) {
  {
    const ipc::BlockedSignals blocked;
    thread_ = std::thread([this, &entry] { run(entry); });
  }
  std::unique_lock lock(mutex_);
  has_begun_.wait(lock, [this] { return worker_ != nullptr || !problem_.empty(); });
  if (!problem_.empty()) {
    lock.unlock();
    thread_.join();
    throw std::runtime_error(problem_);
  }
}

TestServer::~TestServer() {
  worker_->stop();
  thread_.join();
}

void TestServer::run(const native::NativeApplication::Entry& entry) {
  try {
    TestWorker worker(options_, entry, log_);
    {
      const std::lock_guard lock(mutex_);
      worker_ = &worker;
      has_begun_.notify_all();
    }
    worker.run();
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    problem_ = error.what();
    has_begun_.notify_all();
  }
}

}  // namespace prefork::testing
