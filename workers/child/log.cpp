#include "workers/child/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "ipc/base/owned_fd.h"

namespace prefork::child {

namespace {

constexpr mode_t kFileMode = 0644;

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::trace:
      return spdlog::level::trace;
    case config::LogLevel::debug:
      return spdlog::level::debug;
    case config::LogLevel::info:
      return spdlog::level::info;
    case config::LogLevel::warning:
      return spdlog::level::warn;
    case config::LogLevel::error:
      return spdlog::level::err;
    case config::LogLevel::critical:
      return spdlog::level::critical;
    case config::LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

// What comes from a client or an application must not forge a line of its own.
std::string without_control_characters(std::string_view line) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string clean;
  clean.reserve(line.size());
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      clean.append("\\x");
      clean.push_back(kHex[byte >> 4]);
      clean.push_back(kHex[byte & 0xFU]);
    } else {
      clean.push_back(c);
    }
  }
  return clean;
}

}  // namespace

// spdlog's own file sinks write through stdio, which may split a line; this one does not.
class Log::LineSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void set_file(ipc::OwnedFd file) {
    const std::lock_guard lock(mutex_);
    file_ = std::move(file);
  }
  [[nodiscard]] int fd() {
    const std::lock_guard lock(mutex_);
    return file_.get();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const int fd = file_.valid() ? file_.get() : STDERR_FILENO;
    // A full disk loses lines, never the service.
    [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
  }
  void flush_() override {}

 private:
  ipc::OwnedFd file_;
};

struct Log::Parts {
  std::shared_ptr<LineSink> sink = std::make_shared<LineSink>();
  spdlog::logger logger{"", sink};
  std::string path;
};

Log::Log() : parts_(std::make_unique<Parts>()) { set_name("master"); }
Log::~Log() = default;

config::Result<void> Log::open(const std::string& path, config::LogLevel level) {
  const std::string before = std::exchange(parts_->path, path);
  auto opened = reopen();
  if (!opened.ok()) {
    parts_->path = before;
    return opened;
  }
  parts_->logger.set_level(to_spdlog(level));
  return {};
}

config::Result<void> Log::reopen() {
  ipc::OwnedFd opened;
  if (!parts_->path.empty()) {
    // Non-blocking: a pipe without a reader is an error, not a wait.
    opened.reset(::open(parts_->path.c_str(),
                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, kFileMode));
    if (!opened.valid()) {
      return config::Problem{"cannot open the log file " + parts_->path + ": " +
                             std::strerror(errno)};
    }
  }
  parts_->sink->set_file(std::move(opened));
  return {};
}

void Log::set_name(std::string_view name) {
  std::string pattern = "%Y-%m-%d %H:%M:%S.%e %-8l ";
  // The name goes into a pattern, where a percent sign would mean something.
  std::copy_if(name.begin(), name.end(), std::back_inserter(pattern),
               [](char c) { return c != '%'; });
  parts_->sink->set_pattern(pattern + "[%P]: %v");
}

int Log::fd() const { return parts_->sink->fd(); }

void Log::write(config::LogLevel level, std::string_view line) {
  const spdlog::level::level_enum spdlog_level = to_spdlog(level);
  if (parts_->logger.should_log(spdlog_level)) {
    parts_->logger.log(spdlog_level, without_control_characters(line));
  }
}

}  // namespace prefork::child
