#include "server/exchange/access_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "config/values/log_target.h"
#include "ipc/base/error_text.h"

namespace prefork::exchange {

namespace {

// Lines are gathered for this long, unless there were fewer than so many in the time before.
constexpr std::uint64_t kGatherNs = 10'000'000;
constexpr int kDirectLines = 10;
// Written before they are so many bytes, and kept up to so many while the sink takes none.
constexpr std::size_t kFlushBytes = 16 * 1024;
constexpr std::size_t kMostBytes = 64 * 1024;

}  // namespace

config::Result<void> AccessLog::open(const std::string& path, const config::LogFormat& format,
                                     AccessFormatter::Writer writer) {
  path_ = path;
  if (const auto opened = reopen(); !opened.ok() || path.empty()) {
    return opened;
  }
  formatter_.emplace(format, writer);
  tells_handler_time_ = format.is_json || format.names(config::LogVariable::handler_time_us);
  tells_receive_delay_ = format.names(config::LogVariable::receive_delay_ms);
  gathered_.reserve(kFlushBytes + ipc::LineSink::kMaxLineBytes);
  return {};
}

config::Result<void> AccessLog::reopen() {
  if (path_.empty()) {
    return {};
  }
  flush();
  const std::optional<int> standard =
      path_ == "-" ? STDOUT_FILENO : config::standard_descriptor_of(path_);
  const int error = standard ? sink_.open_standard(*standard) : sink_.open_file(path_);
  if (error != 0) {
    return config::Problem{"cannot open the access log " + path_ + ": " +
                           std::string(ipc::LineSink::error_text(error))};
  }
  return {};
}

void AccessLog::write(const AccessRecord& record, std::uint64_t now_ns) {
  if (now_ns >= flush_at_ns_) {
    direct_left_ = kDirectLines;
  }
  if (gathered_.size() + ipc::LineSink::kMaxLineBytes > kMostBytes) {
    ++lost_;
    ++untold_;
    return;
  }
  formatter_->append(gathered_, record);
  if (direct_left_ > 0) {
    --direct_left_;
    flush_by(now_ns);
  } else if (gathered_.size() >= kFlushBytes && (!is_stuck_ || now_ns >= flush_at_ns_)) {
    flush_by(now_ns);
  }
}

void AccessLog::flush_by(std::uint64_t now_ns) {
  flush();
  if (now_ns >= flush_at_ns_ || is_stuck_) {
    flush_at_ns_ = now_ns + kGatherNs;
  }
  if (is_stuck_) {
    direct_left_ = 0;
  }
}

void AccessLog::flush() {
  if (gathered_.empty()) {
    return;
  }
  const ipc::LineSink::Written written = sink_.write(gathered_);
  gathered_.erase(0, written.size);
  lost_ += written.torn;
  untold_ += written.torn;
  is_stuck_ = written.error != 0;
  if (is_stuck_) {
    error_ = written.error;
  }
  if (is_stuck_ && error_ != EAGAIN) {
    // Room that a reader makes is worth a wait; a full disk may stay so.
    lose_gathered();
  }
}

void AccessLog::lose_gathered() {
  const auto lines =
      static_cast<std::uint64_t>(std::count(gathered_.begin(), gathered_.end(), '\n'));
  gathered_.clear();
  lost_ += lines;
  untold_ += lines;
}

void AccessLog::finish() {
  flush();
  lose_gathered();
  is_stuck_ = false;
}

std::uint64_t AccessLog::take_lost() { return std::exchange(lost_, 0); }

std::string AccessLog::take_news() {
  if (untold_ == 0 || is_stuck_) {
    return {};
  }
  const std::uint64_t lost = std::exchange(untold_, 0);
  return std::to_string(lost) + (lost == 1 ? " line" : " lines") +
         " of the access log were lost: " + std::string(ipc::error_text(error_));
}

}  // namespace prefork::exchange
