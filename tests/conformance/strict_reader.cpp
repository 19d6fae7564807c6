#include "tests/conformance/strict_reader.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include "config/base/text.h"

namespace prefork::test {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), config::to_lower);
  return result;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), config::is_digit);
}

// RFC 9110 section 5.6.7, and the right day of the week.
bool is_imf_fixdate(const std::string& text) {
  constexpr const char* kFormat = "%a, %d %b %Y %H:%M:%S GMT";
  std::tm time{};
  const char* end = ::strptime(text.c_str(), kFormat, &time);
  if (end == nullptr || *end != '\0') {
    return false;
  }
  const std::time_t seconds = ::timegm(&time);
  std::array<char, 64> again{};
  std::strftime(again.data(), again.size(), kFormat, ::gmtime_r(&seconds, &time));
  return text == again.data();
}

// What is wrong with the head of an answer, whatever the request was.
std::string fault_of(const Answer& answer) {
  const std::string length = answer.joined("content-length");
  const std::string coding = answer.joined("transfer-encoding");
  if (answer.is_final() && !is_imf_fixdate(answer.joined("date"))) {
    return "no Date, or not one in the preferred form: '" + answer.joined("date") + "'";
  }
  if (answer.has("content-length") && !is_number(length)) {
    return "Content-Length is no single number: '" + length + "'";
  }
  if (answer.has("transfer-encoding") && lower(coding) != "chunked") {
    return "Transfer-Encoding is not 'chunked': '" + coding + "'";
  }
  if (answer.has("content-length") && answer.has("transfer-encoding")) {
    return "both Content-Length and Transfer-Encoding";
  }
  const bool never_has_content = !answer.is_final() || answer.status == 204;
  if (never_has_content && (answer.has("content-length") || answer.has("transfer-encoding"))) {
    return "framing of a body that such an answer cannot have";
  }
  return "";
}

}  // namespace

bool Answer::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(),
                     [name](const auto& field) { return lower(field.first) == lower(name); });
}

std::string Answer::joined(std::string_view name) const {
  std::string values;
  for (const auto& [field, value] : fields) {
    if (lower(field) == lower(name)) {
      values += (values.empty() ? "" : ", ") + value;
    }
  }
  return values;
}

bool Answer::says_close() const { return lower(joined("connection")) == "close"; }

StrictReader::Read StrictReader::read_more() {
  std::array<char, 65536> room;
  const Deadline deadline(kPatience);
  for (;;) {
    const ssize_t size = ::recv(fd_, room.data(), room.size(), 0);
    if (size > 0) {
      received_.append(room.data(), static_cast<std::size_t>(size));
      return Read::more;
    }
    if (size == 0) {
      return Read::end;
    }
    if (errno != EAGAIN && errno != EINTR) {
      failure_ = std::string("the connection broke: ") + std::strerror(errno);
      return Read::failed;
    }
    pollfd watched{fd_, POLLIN, 0};
    if (::poll(&watched, 1, deadline.left_ms()) == 0) {
      failure_ = "nothing came in time";
      return Read::failed;
    }
  }
}

// One line without its CR LF. Every bare CR or LF is a fault.
bool StrictReader::take_line(std::string& line, Answer& answer) {
  std::size_t end = 0;
  while ((end = received_.find('\n')) == std::string::npos) {
    const Read result = read_more();
    if (result != Read::more) {
      answer.problem = result == Read::end ? "the connection ended within a line" : failure_;
      return false;
    }
  }
  line = received_.substr(0, end);
  received_.erase(0, end + 1);
  if (line.empty() || line.back() != '\r' || line.find('\r') != line.size() - 1) {
    answer.problem = "a line that does not end with CR LF: '" + line + "'";
    return false;
  }
  line.pop_back();
  return true;
}

bool StrictReader::parse_head(Answer& answer) {
  std::string line;
  if (!take_line(line, answer)) {
    return false;
  }
  const std::string_view status_line = line;
  if (line.size() < 13 || !status_line.starts_with("HTTP/1.1 ") ||
      !is_number(status_line.substr(9, 3)) || line[12] != ' ') {
    answer.problem = "not a status line: '" + line + "'";
    return false;
  }
  std::from_chars(line.data() + 9, line.data() + 12, answer.status);
  while (take_line(line, answer) && !line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !config::is_token(std::string_view(line).substr(0, colon))) {
      answer.problem = "not a field line: '" + line + "'";
      return false;
    }
    answer.fields.emplace_back(line.substr(0, colon),
                               config::trim(std::string_view(line).substr(colon + 1)));
  }
  return answer.problem.empty();
}

Answer StrictReader::read(bool without_body) {
  Answer answer;
  if (received_.empty()) {
    const Read result = read_more();
    answer.ended = result == Read::end;
    if (result != Read::more) {
      answer.problem = result == Read::failed ? failure_ : "";
      return answer;
    }
  }
  if (!parse_head(answer)) {
    return answer;
  }
  answer.problem = fault_of(answer);
  if (answer.problem.empty() && !without_body && answer.is_final() && answer.status != 204 &&
      answer.status != 304) {
    read_content(answer);
  }
  return answer;
}

void StrictReader::read_content(Answer& answer) {
  if (answer.has("transfer-encoding")) {
    read_chunked(answer);
    return;
  }
  std::size_t length = std::string::npos;
  if (const std::string text = answer.joined("content-length"); !text.empty()) {
    std::from_chars(text.data(), text.data() + text.size(), length);
  } else if (!answer.says_close()) {
    answer.problem = "neither a length nor a close: nobody knows where the body ends";
    return;
  }
  while (received_.size() < length) {
    const Read result = read_more();
    if (result == Read::end && length == std::string::npos) {
      break;
    }
    if (result != Read::more) {
      answer.problem = result == Read::end ? "the connection ended within a body" : failure_;
      return;
    }
  }
  answer.body = received_.substr(0, length);
  received_.erase(0, length);
}

void StrictReader::read_chunked(Answer& answer) {
  std::string line;
  while (take_line(line, answer)) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc{} || end != line.data() + line.size()) {
      answer.problem = "not a chunk size: '" + line + "'";
      return;
    }
    if (size == 0) {
      while (take_line(line, answer) && !line.empty()) {
      }
      return;
    }
    while (received_.size() < size + 2) {
      if (read_more() != Read::more) {
        answer.problem = "the connection ended within a chunk";
        return;
      }
    }
    answer.body.append(received_, 0, size);
    received_.erase(0, size);
    if (!received_.starts_with("\r\n")) {
      answer.problem = "no CR LF behind a chunk";
      return;
    }
    received_.erase(0, 2);
  }
}

std::string StrictReader::read_end() {
  if (!received_.empty()) {
    return "bytes behind the last answer: '" + received_ + "'";
  }
  switch (read_more()) {
    case Read::more:
      return "bytes behind the last answer: '" + received_ + "'";
    case Read::failed:
      return "waiting for the end: " + failure_;
    case Read::end:
      break;
  }
  return "";
}

}  // namespace prefork::test
