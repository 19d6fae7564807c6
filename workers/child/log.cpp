#include "workers/child/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/values/log_target.h"
#include "ipc/base/error_text.h"
#include "ipc/base/monotonic.h"
#include "ipc/log/line_sink.h"
#include "ipc/log/log_text.h"
#include "ipc/log/time_text.h"
#include "workers/child/journal.h"
#include "workers/child/shared_mark.h"

namespace prefork::child {

namespace {

constexpr std::string_view kCut = "...";

// The two have the same levels in the same order.
spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  return static_cast<spdlog::level::level_enum>(level);
}
static_assert(static_cast<int>(config::LogLevel::trace) == SPDLOG_LEVEL_TRACE &&
              static_cast<int>(config::LogLevel::off) == SPDLOG_LEVEL_OFF);

// As wide as the longest of them.
std::string_view name_of(spdlog::level::level_enum level) {
  constexpr std::array<std::string_view, 7> kNames = {
      "trace   ", "debug   ", "info    ", "warning ", "error   ", "critical", "off     "};
  return kNames[static_cast<std::size_t>(level)];
}

// Ends the line, and cuts it where it would be too long, but within no character.
void end_line(std::string& line) {
  constexpr std::size_t kLongest = ipc::LineSink::kMaxLineBytes - 1;
  if (line.size() > kLongest) {
    std::size_t end = kLongest - kCut.size();
    while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80) {
      --end;
    }
    line.resize(end);
    line.append(kCut);
  }
  line.push_back('\n');
}

}  // namespace

// spdlog's own sinks wait for whoever reads, and may split a line; this one does neither.
class Log::Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink() {
    target_.share_torn_mark(torn_.get());
    open_standard_error();
  }
  Sink(ipc::OwnedFd target, ipc::OwnedFd torn_mark) : torn_(std::move(torn_mark)) {
    target_.share_torn_mark(torn_.get());
    if (target.valid()) {
      target_.take_over(std::move(target));
      is_journal_ = is_journal(target_.fd());
    } else {
      open_standard_error();
    }
  }

  // Empty: standard error. errno, or 0.
  int open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (path.empty()) {
      // Where that fails there is nothing to be said, and nowhere.
      open_standard_error();
      return 0;
    }
    const std::optional<int> standard = config::standard_descriptor_of(path);
    const int error = standard ? target_.open_standard(*standard) : target_.open_file(path);
    is_journal_ = is_journal(target_.fd());
    return error;
  }
  void set_name(std::string_view name) {
    const std::lock_guard lock(mutex_);
    name_ = name;
  }
  [[nodiscard]] int fd() {
    const std::lock_guard lock(mutex_);
    return target_.fd();
  }
  [[nodiscard]] int torn_mark_fd() const { return torn_.fd(); }
  std::uint64_t settle_losses() {
    const std::lock_guard lock(mutex_);
    tell_losses();
    return std::exchange(uncounted_, 0);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!tell_losses()) {
      return lose();
    }
    begin_line(message.level);
    ipc::append_readable(line_, {message.payload.data(), message.payload.size()});
    if (!put_line()) {
      lose();
    }
  }
  void flush_() override {}

 private:
  void begin_line(spdlog::level::level_enum level) {
    if (is_journal_) {
      line_.assign(journal_priority(static_cast<config::LogLevel>(level)));
    } else {
      line_.assign(time_.rfc3339(ipc::realtime_ns()));
      line_.append(" ").append(name_of(level)).append(" ");
    }
    line_.append(name_).append("[");
    ipc::append_number(line_, static_cast<std::uint64_t>(::getpid()));
    line_.append("]: ");
  }

  // Takes the line that is made. False when it is lost.
  bool put_line() {
    end_line(line_);
    const ipc::LineSink::Written written = target_.write(line_);
    if (written.error != 0) {
      error_ = written.error;
    }
    return written.size == line_.size() && written.torn == 0;
  }

  void lose() {
    ++lost_;
    ++uncounted_;
  }

  // False while lines are lost.
  bool tell_losses() {
    if (lost_ == 0) {
      return true;
    }
    begin_line(spdlog::level::warn);
    ipc::append_number(line_, lost_);
    line_.append(lost_ == 1 ? " line of this log was lost: " : " lines of this log were lost: ");
    line_.append(ipc::error_text(error_));
    if (!put_line()) {
      return false;
    }
    lost_ = 0;
    return true;
  }

  int open_standard_error() {
    const int error = target_.open_standard(STDERR_FILENO);
    is_journal_ = is_journal(target_.fd());
    return error;
  }

  SharedMark torn_;
  ipc::LineSink target_;
  bool is_journal_ = false;  // that is where it leads
  ipc::TimeText time_;
  std::string name_;
  std::string line_;
  std::uint64_t lost_ = 0;  // not said yet
  std::uint64_t uncounted_ = 0;
  int error_ = 0;  // why they were lost
};

struct Log::Parts {
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  std::string path;
  spdlog::logger logger{"", sink};
};

Log::Log() : parts_(std::make_unique<Parts>()) { set_name("master"); }
Log::Log(Place place)
    : parts_(std::make_unique<Parts>(
          Parts{std::make_shared<Sink>(ipc::OwnedFd(place.file), ipc::OwnedFd(place.torn_mark)),
                std::move(place.path)})) {
  parts_->logger.set_level(to_spdlog(place.level));
}
Log::~Log() = default;

Log::Place Log::place() const {
  return {parts_->path, static_cast<config::LogLevel>(parts_->logger.level()),
          is_standard_error() ? -1 : fd(), parts_->sink->torn_mark_fd()};
}

config::Result<void> Log::open(const std::string& path, config::LogLevel level) {
  std::string before = std::exchange(parts_->path, path);
  const auto opened = reopen();
  if (!opened.ok()) {
    parts_->path = std::move(before);
    return opened;
  }
  parts_->logger.set_level(to_spdlog(level));
  return {};
}

config::Result<void> Log::reopen() {
  if (const int error = parts_->sink->open(parts_->path); error != 0) {
    return config::Problem{"cannot open the log file " + parts_->path + ": " +
                           std::string(ipc::LineSink::error_text(error))};
  }
  return {};
}

void Log::set_level(config::LogLevel level) { parts_->logger.set_level(to_spdlog(level)); }

void Log::set_name(std::string_view name) { parts_->sink->set_name(name); }

int Log::fd() const { return parts_->sink->fd(); }

bool Log::is_standard_error() const { return parts_->path.empty(); }

void Log::write(config::LogLevel level, std::string_view line) {
  parts_->logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t Log::settle_losses() { return parts_->sink->settle_losses(); }

void tell_standard_error(std::string_view line) {
  std::string text(is_journal(STDERR_FILENO) ? journal_priority(config::LogLevel::critical) : "");
  ipc::append_readable(text, line);
  end_line(text);
  ipc::LineSink sink;
  if (sink.open_standard(STDERR_FILENO) != 0) {
    // There may be no other descriptor.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    return;
  }
  sink.write(text);
}

}  // namespace prefork::child
