// Serving plans and a log for tests of the master's parts: nothing is bound, nothing is forked.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/options/options.h"
#include "ipc/base/owned_fd.h"
#include "workers/child/log.h"
#include "workers/master/serving_plan.h"

namespace prefork::master {

// A descriptor that stands for a listening socket.
inline ipc::OwnedFd some_descriptor() { return ipc::OwnedFd(::memfd_create("test", MFD_CLOEXEC)); }

inline SharedSocket socket_at(const config::Bind& bind, std::string url) {
  return std::make_shared<ListeningSocket>(some_descriptor(), bind, std::move(url));
}

// Serves at 127.0.0.1:8000, as the options' defaults say, without an observer.
inline std::shared_ptr<ServingPlan> plan_without_observer() {
  auto plan = std::make_shared<ServingPlan>();
  plan->options.admin.address.reset();
  plan->options.control.is_on = false;
  plan->sockets.push_back(
      socket_at(plan->options.listening.binds.front(), "http://127.0.0.1:8000"));
  return plan;
}

// A log that a test can read.
class ReadableLog {
 public:
  ReadableLog() { EXPECT_TRUE(log_.open(path(), config::LogLevel::debug).ok()); }

  // What the server would be told to write to.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }
  [[nodiscard]] child::Log& log() { return log_; }

  // From now on it cannot be opened anew, or read.
  void make_unopenable() { file_.reset(); }

  // The lines so far, each as "level text".
  [[nodiscard]] std::vector<std::string> lines() const {
    std::string text;
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::pread(file_.get(), bytes.data(), bytes.size(),
                          static_cast<off_t>(text.size()))) > 0) {
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;
         text.erase(0, end + 1)) {
      const std::string line = text.substr(0, end);
      const std::size_t level = std::string("2026-11-21T06:08:00.123+00:00 ").size();
      lines.push_back(line.substr(level, line.find(' ', level) - level) +
                      line.substr(line.find("]: ") + 2));
    }
    return lines;
  }

 private:
  ipc::OwnedFd file_ = some_descriptor();
  child::Log log_;
};

}  // namespace prefork::master
