#include "server/exchange/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

namespace prefork::exchange {

namespace {

// Longer pieces are cut: a log line stays readable and bounded.
constexpr std::size_t kMaxPieceBytes = 1024;
constexpr mode_t kFileMode = 0644;

// Non-blocking: a pipe without a reader is an error, not a wait.
ipc::OwnedFd open_target(const std::string& path) {
  return ipc::OwnedFd(path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                  : ::open(path.c_str(),
                                           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK,
                                           kFileMode));
}

void append_time(std::string& line) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), " - - [%d/%b/%Y:%H:%M:%S +0000] \"", &utc);
  line.append(text.data(), size);
}

}  // namespace

config::Result<void> AccessLog::open(const std::string& path, std::string_view worker_name) {
  path_ = path;
  worker_name_ = worker_name;
  return reopen();
}

config::Result<void> AccessLog::reopen() {
  if (path_.empty()) {
    return {};
  }
  ipc::OwnedFd opened = open_target(path_);
  if (!opened.valid()) {
    return config::Problem{"cannot open the access log " + path_ + ": " + std::strerror(errno)};
  }
  fd_ = std::move(opened);
  return {};
}

void AccessLog::write(const http::Request& request, int status, std::size_t body_bytes,
                      std::uint64_t duration_us) {
  begin_line(request.peer);
  append_escaped(request.method_text);
  line_.push_back(' ');
  append_escaped(request.target);
  line_.append(request.version_minor == 0 ? " HTTP/1.0" : " HTTP/1.1");
  end_line(status, body_bytes, request.fields.find("referer").value_or("-"),
           request.fields.find("user-agent").value_or("-"), duration_us);
}

void AccessLog::write_malformed(const ipc::PeerAddress& peer, int status) {
  begin_line(peer);
  line_.push_back('-');
  end_line(status, 0, "-", "-", 0);
}

void AccessLog::begin_line(const ipc::PeerAddress& peer) {
  line_ = ipc::to_string(peer);
  append_time(line_);
}

void AccessLog::end_line(int status, std::size_t body_bytes, std::string_view referer,
                         std::string_view agent, std::uint64_t duration_us) {
  line_.append("\" ").append(std::to_string(status)).append(" ");
  line_.append(std::to_string(body_bytes)).append(" \"");
  append_escaped(referer);
  line_.append("\" \"");
  append_escaped(agent);
  line_.append("\" ").append(std::to_string(duration_us)).append("us ");
  line_.append(worker_name_).push_back('\n');
  // A full disk loses lines, never requests.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), line_.data(), line_.size());
}

void AccessLog::append_escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text.substr(0, kMaxPieceBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\') {
      line_.append("\\x");
      line_.push_back(kHex[byte >> 4]);
      line_.push_back(kHex[byte & 0xFU]);
    } else {
      line_.push_back(c);
    }
  }
}

}  // namespace prefork::exchange
