#include "workers/child/log.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>

#include "ipc/base/error_text.h"
#include "ipc/base/monotonic.h"
#include "ipc/log/line_sink.h"
#include "ipc/log/log_text.h"
#include "ipc/log/time_text.h"

namespace prefork::child {

namespace {

constexpr std::string_view kCut = "...";

// As wide as the longest of them.
std::string_view name_of(config::LogLevel level) {
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

// A mark that a process shares with its children.
class SharedMark {
 public:
  SharedMark()
      : memory_(::mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        mark_(memory_ == MAP_FAILED ? &own_ : new (memory_) std::atomic<bool>(false)) {}
  ~SharedMark() {
    if (memory_ != MAP_FAILED) {
      ::munmap(memory_, sizeof(std::atomic<bool>));
    }
  }
  SharedMark(const SharedMark&) = delete;
  SharedMark& operator=(const SharedMark&) = delete;

  [[nodiscard]] std::atomic<bool>& get() const { return *mark_; }

 private:
  std::atomic<bool> own_{false};
  void* memory_;
  std::atomic<bool>* mark_;
};

}  // namespace

struct Log::Parts {
  std::mutex mutex;  // for all that follows, while there are threads
  SharedMark torn;
  ipc::LineSink sink;
  ipc::TimeText time;
  std::string name;
  std::string line;
  std::string path;
  std::atomic<config::LogLevel> level{config::LogLevel::info};
  std::uint64_t lost = 0;  // not said yet
  std::uint64_t uncounted = 0;
  int error = 0;  // why they were lost

  void begin_line(config::LogLevel of) {
    line.assign(time.rfc3339(ipc::realtime_ns())).append(" ").append(name_of(of)).append(" ");
    line.append(name).append("[");
    ipc::append_number(line, static_cast<std::uint64_t>(::getpid()));
    line.append("]: ");
  }

  // Takes the line that is made. False when it is lost.
  bool put_line() {
    end_line(line);
    const ipc::LineSink::Written written = sink.write(line);
    if (written.error != 0) {
      error = written.error;
    }
    return written.size == line.size() && written.torn == 0;
  }

  void lose() {
    ++lost;
    ++uncounted;
  }

  // False while lines are lost.
  bool tell_losses() {
    if (lost == 0) {
      return true;
    }
    begin_line(config::LogLevel::warning);
    ipc::append_number(line, lost);
    line.append(lost == 1 ? " line of this log was lost: " : " lines of this log were lost: ");
    line.append(ipc::error_text(error));
    if (!put_line()) {
      return false;
    }
    lost = 0;
    return true;
  }
};

Log::Log() : parts_(std::make_unique<Parts>()) {
  parts_->sink.share_torn_mark(parts_->torn.get());
  parts_->sink.open_standard(STDERR_FILENO);
  set_name("master");
}
Log::~Log() = default;

config::Result<void> Log::open(const std::string& path, config::LogLevel level) {
  std::string before = std::exchange(parts_->path, path);
  const auto opened = reopen();
  if (!opened.ok()) {
    parts_->path = std::move(before);
    return opened;
  }
  parts_->level = level;
  return {};
}

config::Result<void> Log::reopen() {
  const std::lock_guard lock(parts_->mutex);
  if (is_standard_error()) {
    // Where that fails there is nothing to be said, and nowhere.
    parts_->sink.open_standard(STDERR_FILENO);
    return {};
  }
  if (const int error = parts_->sink.open_file(parts_->path); error != 0) {
    return config::Problem{"cannot open the log file " + parts_->path + ": " +
                           std::string(ipc::error_text(error))};
  }
  return {};
}

void Log::set_name(std::string_view name) { parts_->name = name; }

int Log::fd() const { return parts_->sink.fd(); }

bool Log::is_standard_error() const { return parts_->path.empty(); }

void Log::write(config::LogLevel level, std::string_view line) {
  if (level < parts_->level) {
    return;
  }
  const std::lock_guard lock(parts_->mutex);
  if (!parts_->tell_losses()) {
    return parts_->lose();
  }
  parts_->begin_line(level);
  ipc::append_readable(parts_->line, line);
  if (!parts_->put_line()) {
    parts_->lose();
  }
}

std::uint64_t Log::settle_losses() {
  const std::lock_guard lock(parts_->mutex);
  parts_->tell_losses();
  return std::exchange(parts_->uncounted, 0);
}

void tell_standard_error(std::string_view line) {
  ipc::LineSink sink;
  if (sink.open_standard(STDERR_FILENO) != 0) {
    return;
  }
  std::string text;
  ipc::append_readable(text, line);
  end_line(text);
  sink.write(text);
}

}  // namespace prefork::child
