// multipart/form-data (RFC 7578) as it comes, piece by piece: for form.hpp, which is what authors
// include. No input or output of its own, and no copy of any content.
#pragma once

#include <prefork/cxx20.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <prefork/error.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {
namespace detail {

// What the header section of a part says.
struct PartHead {
  std::string name;
  std::optional<std::string> filename;  // nothing: the part is no file
  std::string content_type;
};

// A broken form; `at`: how many bytes of it were in order.
inline Error broken_form(std::uint64_t at, std::string_view what) {
  return Error(400, "the form is broken at byte " + std::to_string(at) + ": " + std::string(what));
}

// Reads the parameters of Content-Disposition and Content-Type (RFC 9110 section 5.6.6).
class ParameterReader {
 public:
  // `text`: what comes behind the type; outlives the reader.
  explicit ParameterReader(std::string_view text) : rest_(text) {}

  // The next one, or false at the end and where there is none, see is_broken().
  bool next() {
    rest_ = trimmed(rest_);
    if (rest_.empty() || rest_.front() != ';') {
      is_broken_ = !rest_.empty();
      return false;
    }
    while (!rest_.empty() && (rest_.front() == ';' || trimmed(rest_).size() < rest_.size())) {
      rest_ = trimmed(rest_.substr(rest_.front() == ';' ? 1 : 0));
    }
    if (rest_.empty()) {
      return false;
    }
    const std::size_t equals = rest_.find('=');
    name_ = trimmed(rest_.substr(0, equals));
    if (equals == std::string_view::npos || name_.empty() ||
        name_.find_first_of("; \t\"") != std::string_view::npos) {
      is_broken_ = true;
      return false;
    }
    rest_ = trimmed(rest_.substr(equals + 1));
    is_broken_ = !(rest_.starts_with('"') ? read_quoted() : read_plain());
    return !is_broken_;
  }

  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] bool is(std::string_view name) const { return same_ignoring_case(name_, name); }
  [[nodiscard]] const std::string& value() const { return value_; }

 private:
  bool read_plain() {
    const std::string_view plain = trimmed(rest_.substr(0, rest_.find(';')));
    value_ = plain;
    rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
    return !plain.empty() && plain.find('"') == std::string_view::npos;
  }
  // A backslash stands for itself but before a quote or a backslash: some clients send C:\a.txt.
  bool read_quoted() {
    value_.clear();
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      const bool is_escape =
          rest_[i] == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\');
      i += is_escape ? 1 : 0;
      value_.push_back(rest_[i]);
    }
    return false;
  }

  std::string_view rest_;
  std::string_view name_;
  std::string value_;
  bool is_broken_ = false;
};

// The three bytes that browsers escape in names (HTML, "multipart/form-data encoding algorithm").
inline std::string unescaped_name(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view escape = text.substr(i, 3);
    const char plain = escape == "%22"                     ? '"'
                       : same_ignoring_case(escape, "%0D") ? '\r'
                       : same_ignoring_case(escape, "%0A") ? '\n'
                                                           : '\0';
    name.push_back(plain == '\0' ? text[i] : plain);
    i += plain == '\0' ? 0 : 2;
  }
  return name;
}

// "UTF-8''na%C3%AFve.txt" (RFC 8187 section 3.2.1), which forms should not have (RFC 7578 section
// 4.2). Empty: of another charset, or not written like that; there is a name then, but which?
inline std::string extended_value(std::string_view text) {
  const std::size_t charset = text.find('\'');
  if (!same_ignoring_case(text.substr(0, charset), "utf-8")) {
    return {};
  }
  const std::size_t language = text.find('\'', charset + 1);
  text.remove_prefix(std::min(language, text.size() - 1) + 1);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    plain.push_back(is_escape ? static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]))
                              : text[i]);
    i += is_escape ? 2 : 0;
  }
  return plain;
}

// Null: `head` has what `value` of Content-Disposition says.
inline const char* read_disposition(std::string_view value, PartHead& head) {
  const std::string_view type = trimmed(value.substr(0, value.find(';')));
  if (!same_ignoring_case(type, "form-data")) {
    return "the Content-Disposition of a part is not form-data";
  }
  bool has_name = false;
  bool has_filename = false;
  std::optional<std::string> extended;
  ParameterReader parameters(value.substr(std::min(value.find(';'), value.size())));
  while (parameters.next()) {
    if (parameters.is("name")) {
      if (std::exchange(has_name, true)) {
        return "a part has two names";
      }
      head.name = unescaped_name(parameters.value());
    } else if (parameters.is("filename")) {
      if (std::exchange(has_filename, true)) {
        return "a part has two names of files";
      }
      head.filename = unescaped_name(parameters.value());
    } else if (parameters.is("filename*")) {
      extended = extended_value(parameters.value());
    }
  }
  if (!has_filename) {
    head.filename = extended;
  }
  return parameters.is_broken() ? "the Content-Disposition of a part cannot be read"
         : has_name             ? nullptr
                                : "a part has no name";
}

inline bool is_forbidden_in_head(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F';
}

// Null: `head` has what the header section `text` says, whose lines begin, not end, with CRLF.
inline const char* read_part_head(std::string_view text, PartHead& head) {
  head = {};
  bool has_disposition = false;
  while (!text.empty()) {
    text.remove_prefix(2);
    const std::string_view line = text.substr(0, text.find("\r\n"));
    text.remove_prefix(line.size());
    const std::string_view name = line.substr(0, line.find(':'));
    if (name.size() == line.size() || name.empty() ||
        name.find_first_of(" \t") != std::string_view::npos) {
      return "a line in the header section of a part is no field";
    }
    if (std::any_of(line.begin(), line.end(), is_forbidden_in_head)) {
      return "a control character in the header section of a part";
    }
    const std::string_view value = trimmed(line.substr(name.size() + 1));
    if (same_ignoring_case(name, "content-disposition")) {
      if (std::exchange(has_disposition, true)) {
        return "a part has two Content-Dispositions";
      }
      if (const char* const problem = read_disposition(value, head)) {
        return problem;
      }
    } else if (same_ignoring_case(name, "content-type")) {
      head.content_type = value;
    } else if (same_ignoring_case(name, "content-transfer-encoding") &&
               !same_ignoring_case(value, "binary") && !same_ignoring_case(value, "8bit") &&
               !same_ignoring_case(value, "7bit")) {
      return "a part has a Content-Transfer-Encoding (RFC 7578 section 4.7)";
    }
  }
  return has_disposition ? nullptr : "a part has no Content-Disposition";
}

// The boundary that a Content-Type names; nothing: none, or not one (RFC 2046 section 5.1.1).
inline std::optional<std::string> boundary_of(std::string_view content_type) {
  std::optional<std::string> boundary;
  ParameterReader parameters(
      content_type.substr(std::min(content_type.find(';'), content_type.size())));
  while (parameters.next()) {
    if (parameters.is("boundary") && std::exchange(boundary, parameters.value())) {
      return std::nullopt;
    }
  }
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  if (parameters.is_broken() || !boundary || boundary->empty() || boundary->size() > 70 ||
      boundary->back() == ' ' || !std::all_of(boundary->begin(), boundary->end(), is_allowed)) {
    return std::nullopt;
  }
  return boundary;
}

// Says what is in the pieces that it is fed, however they are cut:
//
//   for (;;) switch (parser.next()) { case Event::more: parser.feed(...) ...
//
// What next() throws is final.
class MultipartParser {
 public:
  enum class Event {
    more,      // feed() the next piece, or finish() at the end of the body
    part,      // head(): a part begins
    data,      // data(): bytes of its content; there may be none, or many such events
    part_end,  // it has ended
    end        // and so has the form; what comes behind it says nothing (RFC 2046 section 5.1.1)
  };

  // `boundary`: as boundary_of() gives it. `head_limit`: bytes of a part's header section.
  MultipartParser(std::string_view boundary, std::size_t head_limit)
      : delimiter_("\r\n--" + std::string(boundary)), head_limit_(head_limit) {}

  // Once next() has said more; the bytes stay where they are until it says so again.
  void feed(std::string_view piece) {
    fed_ += piece.size();
    piece_ = piece;
  }

  // Throws Error(400), and Error(413) for a header section that is too long.
  Event next() {
    for (;;) {
      switch (state_) {
        case State::preamble:
          if (!skip_preamble()) {
            return Event::more;
          }
          break;
        case State::line_end:
          if (!read_line_end()) {
            return Event::more;
          }
          break;
        case State::head:
          return read_head() ? Event::part : Event::more;
        case State::content:
          return read_content();
        case State::epilogue:
          if (!piece_.empty() && !std::exchange(is_epilogue_begun_, true) &&
              std::string_view("\r\n \t").find(piece_.front()) == std::string_view::npos) {
            throw broken("something stands behind the last boundary");
          }
          piece_ = {};
          return std::exchange(is_end_told_, true) ? Event::more : Event::end;
      }
    }
  }

  // The body has ended. Throws Error(400) if the form has not.
  void finish() const {
    switch (state_) {
      case State::preamble:
        throw broken("the boundary that Content-Type names is not in it");
      case State::line_end:
      case State::head:
        throw broken("it ends within the header section of a part");
      case State::content:
        throw broken("it ends within a part");
      case State::epilogue:
        break;
    }
  }

  [[nodiscard]] const PartHead& head() const { return head_; }
  // Until next() is called again.
  [[nodiscard]] std::string_view data() const { return data_; }

 private:
  enum class State {
    preamble,  // before the first boundary
    line_end,  // behind a boundary
    head,
    content,
    epilogue  // behind the last boundary
  };

  [[nodiscard]] Error broken(std::string_view what) const {
    return broken_form(fed_ - piece_.size(), what);
  }

  // Where the delimiter begins in the piece, or what may become one with the next piece; `matched`:
  // how much of it is there. It has its only CR in front, so that nothing is compared twice.
  [[nodiscard]] std::size_t find_delimiter(std::size_t& matched) const {
    const char* const begin = piece_.data();
    const char* const end = begin + piece_.size();
    for (const char* at = begin; at != end;) {
      if (*at != '\r') {
        at = static_cast<const char*>(std::memchr(at, '\r', static_cast<std::size_t>(end - at)));
        if (at == nullptr) {
          break;
        }
      }
      const std::size_t same = same_bytes({at, static_cast<std::size_t>(end - at)}, delimiter_);
      if (same == delimiter_.size() || at + same == end) {
        matched = same;
        return static_cast<std::size_t>(at - begin);
      }
      at += same;
    }
    matched = 0;
    return piece_.size();
  }

  // How long the front is that both have.
  static std::size_t same_bytes(std::string_view a, std::string_view b) {
    std::size_t same = 0;
    while (same < a.size() && same < b.size() && a[same] == b[same]) {
      ++same;
    }
    return same;
  }

  // Of the delimiter that the last piece ended with: goes on with it. False: it is none.
  bool match_on() {
    const std::size_t same = same_bytes(piece_, std::string_view(delimiter_).substr(matched_));
    matched_ += same;
    piece_.remove_prefix(same);
    return matched_ == delimiter_.size() || piece_.empty();
  }

  // The first delimiter may stand at the very front, without its CRLF.
  bool skip_preamble() {
    while (matched_ != delimiter_.size()) {
      if (piece_.empty()) {
        return false;
      }
      if (matched_ == 0 || !match_on()) {
        const std::size_t at = find_delimiter(matched_);
        piece_.remove_prefix(at + matched_);
      }
      if (fed_ - piece_.size() > head_limit_ + delimiter_.size()) {
        throw broken_form(0, "it does not begin with the boundary that Content-Type names");
      }
    }
    state_ = State::line_end;
    return true;
  }

  // "--" behind the last one, else white space and CRLF.
  bool read_line_end() {
    while (!piece_.empty()) {
      const char c = piece_.front();
      const char before = std::exchange(before_, c);
      if (before == '-' ? c != '-' : before == '\r' ? c != '\n' : !may_follow(before, c)) {
        throw broken("something stands behind a boundary");
      }
      piece_.remove_prefix(1);
      if (c == '\n' || before == '-') {
        state_ = c == '\n' ? State::head : State::epilogue;
        head_text_ = "\r\n";
        before_ = '\0';
        return true;
      }
    }
    return false;
  }
  static bool may_follow(char before, char c) {
    return c == ' ' || c == '\t' || c == '\r' || (c == '-' && before == '\0');
  }

  bool read_head() {
    const std::size_t had = head_text_.size();
    const std::size_t room = head_limit_ + 2 - had;
    head_text_.append(piece_.substr(0, room));
    const std::size_t end = head_text_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
    if (end == std::string::npos) {
      piece_.remove_prefix(std::min(room, piece_.size()));
      if (head_text_.size() == head_limit_ + 2) {
        throw Error(413, "the header section of a part has more than " +
                             std::to_string(head_limit_) + " bytes");
      }
      return false;
    }
    piece_.remove_prefix(end + 4 - had);
    if (const char* const problem =
            read_part_head(std::string_view(head_text_).substr(0, end), head_)) {
      throw broken(problem);
    }
    // The delimiter may follow at once: the empty line is its CRLF, too, then (RFC 2046 section
    // 5.1.1, body-part).
    state_ = State::content;
    matched_ = 2;
    before_content_ = 2;
    return true;
  }

  Event read_content() {
    if (matched_ == delimiter_.size()) {
      state_ = State::line_end;
      return Event::part_end;
    }
    if (piece_.empty()) {
      return Event::more;
    }
    if (matched_ != 0 && !match_on()) {
      data_ = std::string_view(delimiter_).substr(0, std::exchange(matched_, 0));
      data_.remove_prefix(before_content_);
    } else if (matched_ == 0) {
      const std::size_t size = find_delimiter(matched_);
      data_ = piece_.substr(0, size);
      piece_.remove_prefix(size + matched_);
    } else {
      return read_content();
    }
    before_content_ = 0;
    return data_.empty() ? read_content() : Event::data;
  }

  const std::string delimiter_;
  const std::size_t head_limit_;
  State state_ = State::preamble;
  std::string_view piece_;  // what is left of it
  std::uint64_t fed_ = 0;
  std::size_t matched_ = 2;         // of the delimiter, at the end of what was read
  std::size_t before_content_ = 0;  // how much of that is no content, whatever comes
  char before_ = '\0';              // in State::line_end
  std::string head_text_;
  PartHead head_;
  std::string_view data_;
  bool is_epilogue_begun_ = false;
  bool is_end_told_ = false;
};

}  // namespace detail
}  // namespace v1
}  // namespace prefork
