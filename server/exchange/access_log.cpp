#include "server/exchange/access_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "ipc/base/error_text.h"
#include "server/exchange/log_target.h"

namespace prefork::exchange {

namespace {

// Lines are gathered for this long, unless there were fewer than so many in the time before.
constexpr std::uint64_t kGatherNs = 10'000'000;
constexpr int kDirectLines = 10;
// Written before they are so many bytes, and kept up to so many while the sink takes none.
constexpr std::size_t kFlushBytes = 16 * 1024;
constexpr std::size_t kMostBytes = 64 * 1024;
// The thread has so long to write what is left at the end.
constexpr std::chrono::milliseconds kFinishPatience{1000};

}  // namespace

config::Result<void> AccessLog::open(const std::string& path, const config::LogFormat& format,
                                     AccessFormatter::Writer writer, std::string_view mark) {
  path_ = path;
  if (const auto opened = reopen(); !opened.ok() || path.empty()) {
    return opened;
  }
  formatter_.emplace(format, writer, mark);
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
  if (writer_) {
    writer_->change_sink([path = path_, torn = torn_](ipc::LineSink& sink) {
      if (torn != nullptr) {
        sink.share_torn_mark(*torn);
      }
      return open_log_target(sink, path);
    });
    return {};
  }
  auto sink = std::make_unique<ipc::LineSink>();
  if (const int error = open_log_target(*sink, path_); error != 0) {
    return config::Problem{open_problem(error)};
  }
  if (torn_ != nullptr) {
    sink->share_torn_mark(*torn_);
  }
  sink_ = std::move(sink);
  return {};
}

std::string AccessLog::open_problem(int error) const {
  return "cannot open the access log " + path_ + ": " +
         std::string(ipc::LineSink::error_text(error));
}

std::string AccessLog::take_open_problem() {
  const int error = writer_ ? writer_->take_open_error() : 0;
  return error != 0 ? open_problem(error) : std::string();
}

config::Result<void> AccessLog::begin_thread(const ipc::LogRings& rings, ipc::Place at) {
  flush();
  try {
    std::unique_ptr<ipc::LineRing> ring = rings.open(at);
    // Where it is another one, what is left there for the observer goes with this one's.
    if (ring->target() != path_) {
      ring->set_target(path_);
    }
    writer_ = std::make_unique<ipc::LogWriter>(std::move(ring), rings.reader(at), sink_);
  } catch (const std::system_error& failed) {
    return config::Problem{failed.what()};
  }
  return {};
}

void AccessLog::write(const AccessRecord& record, std::uint64_t now_ns) {
  if (writer_) {
    return pass_on(record);
  }
  if (now_ns >= flush_at_ns_) {
    direct_left_ = kDirectLines;
  }
  if (gathered_.size() + ipc::LineSink::kMaxLineBytes > kMostBytes) {
    return lose(1);
  }
  gathered_.append(formatter_->line(record));
  if (direct_left_ > 0) {
    --direct_left_;
    flush_by(now_ns);
  } else if (gathered_.size() >= kFlushBytes && (!is_stuck_ || now_ns >= flush_at_ns_)) {
    flush_by(now_ns);
  }
}

void AccessLog::pass_on(const AccessRecord& record) {
  if (dropped_ != 0) [[unlikely]] {
    hear_thread();
    if (!writer_->is_roomy()) {
      return lose(1);  // and not one for each few that are written
    }
  }
  if (!writer_->append(formatter_->line(record))) {
    lose(1);
  }
}

void AccessLog::hear_thread() {
  lose(writer_->take_lost());
  const int error = writer_->error();
  const bool is_roomy = writer_->is_roomy();
  is_stuck_ = error != 0 || !is_roomy;
  if (is_stuck_) {
    error_ = error != 0 ? error : EAGAIN;
  }
  // To a full disk it would only be the next line that is lost.
  if (dropped_ != 0 && is_roomy && (error == 0 || error == EAGAIN)) {
    tell_dropped();
  }
}

void AccessLog::tell_dropped() {
  const std::string_view line = formatter_->dropped_line(dropped_);
  if (line.empty() || writer_->append(line)) {
    dropped_ = 0;
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
  if (writer_) {
    return hear_thread();
  }
  if (gathered_.empty()) {
    return;
  }
  const ipc::LineSink::Written written = sink_->write(gathered_);
  gathered_.erase(0, written.size);
  lose(written.torn);
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
  lose(lines);
}

void AccessLog::lose(std::uint64_t lines) {
  lost_ += lines;
  untold_ += lines;
  dropped_ += lines;
}

void AccessLog::finish() {
  if (writer_) {
    hear_thread();
    writer_->finish(kFinishPatience);
    error_ = writer_->error() != 0 ? writer_->error() : error_;
    lose(writer_->take_lost());
    // Nobody takes what comes now: neither lines nor questions.
    writer_.reset();
    formatter_.reset();
  } else {
    flush();
    lose_gathered();
  }
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
