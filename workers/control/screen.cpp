#include "workers/control/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "config/base/number.h"

namespace prefork::control {

namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";

volatile std::sig_atomic_t is_told_to_leave = 0;

void note_leaving(int /*signal*/) { is_told_to_leave = 1; }

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

std::size_t size_variable(const char* name, std::size_t otherwise) {
  const char* const value = std::getenv(name);
  const auto number = value == nullptr ? std::nullopt : config::parse_number(value);
  return number && *number >= 10 && *number <= 10'000 ? static_cast<std::size_t>(*number)
                                                      : otherwise;
}

}  // namespace

FrameSize frame_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    return {size.ws_col, size.ws_row};
  }
  const FrameSize usual;
  return {size_variable("COLUMNS", usual.columns), size_variable("LINES", 10'000)};
}

bool Screen::is_possible() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Screen::Screen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  struct sigaction action {};
  action.sa_handler = note_leaving;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(signal, &action, nullptr);
  }
  put(kEnter);
}

Screen::~Screen() {
  put(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

FrameSize Screen::size() const { return frame_size(); }

// Written over what is there, so that nothing flickers.
void Screen::show(const std::vector<std::string>& lines) const {
  std::string text = "\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += (i == 0 ? "" : "\r\n") + lines[i] + "\033[K";
  }
  put(text + "\033[J");
}

bool Screen::wait(const Deadline& until) const {
  while (is_told_to_leave == 0) {
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    const int count = ::poll(&keys, 1, poll_time(until));
    if (count == 0) {
      return false;
    }
    char key = 0;
    if (count > 0 && (::read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q')) {
      return true;
    }
  }
  return true;
}

}  // namespace prefork::control
