#include "config/base/columns.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace prefork::config {
namespace {

// The last line of `output`, which ends in it, and what the next ones begin with.
class Wrapping {
 public:
  Wrapping(std::string& output, std::size_t indent, std::size_t width)
      : output_(output), indent_(indent), width_(width), length_(output.size()) {}

  void add_words(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = std::min(text.find(' '), text.size());
      add(text.substr(0, length));
      text.remove_prefix(std::min(length + 1, text.size()));
    }
  }

  // In one line.
  void add(std::string_view piece) {
    if (!is_first_ && length_ + 1 + piece.size() > width_) {
      output_ += "\n" + std::string(indent_, ' ');
      length_ = indent_;
    } else if (!is_first_) {
      output_ += ' ';
      ++length_;
    }
    output_ += piece;
    length_ += piece.size();
    is_first_ = false;
  }

 private:
  std::string& output_;
  const std::size_t indent_;
  const std::size_t width_;
  std::size_t length_;
  bool is_first_ = true;
};

}  // namespace

std::size_t help_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidestHelp;
  return std::clamp<std::size_t>(size.ws_col, kNarrowestHelp, kWidestHelp);
}

std::string wrapped(std::string_view text, std::size_t width) {
  std::string output;
  Wrapping(output, 0, width).add_words(text);
  return output + "\n";
}

std::string two_columns(std::string_view left, std::size_t column, std::string_view text,
                        std::size_t width, std::string_view last) {
  std::string output = "  " + std::string(left);
  output.append(column - std::min(column, output.size()), ' ');
  Wrapping wrapping(output, column, width);
  wrapping.add_words(text);
  if (column + last.size() > width) {
    wrapping.add_words(last);
  } else if (!last.empty()) {
    wrapping.add(last);
  }
  return output + "\n";
}

}  // namespace prefork::config
