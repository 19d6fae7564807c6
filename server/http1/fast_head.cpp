#include "server/http1/fast_head.h"

#include <algorithm>
#include <cstring>

namespace prefork::http1 {

namespace {

constexpr std::string_view kBehindTarget = " HTTP/1.1\r\n";
// Of Content-Length: so many fit every number of 64 bits.
constexpr std::size_t kMaxDigits = 18;
constexpr std::size_t kFirstFields = 16;

// Goes over a head from the left, from one interesting byte to the next.
class HeadWalk {
 public:
  HeadWalk(std::string_view bytes, const HeadMasks& masks, FastHead& head)
      : bytes_(bytes.data()), masks_(masks), head_(head) {}

  bool take_method() {
    return masks_.size >= kMinBytes &&
           (take_method("GET ", http::Method::get) || take_method("POST ", http::Method::post) ||
            take_method("HEAD ", http::Method::head) || take_method("PUT ", http::Method::put) ||
            take_method("DELETE ", http::Method::delete_) ||
            take_method("PATCH ", http::Method::patch) ||
            take_method("OPTIONS ", http::Method::options));
  }

  // And the rest of the request line.
  bool take_target(std::size_t max_line_bytes) {
    if (bytes_[at_] != '/') {
      return false;
    }
    http::TargetScan scan;
    std::size_t end = masks_.next(masks_.target, at_);
    while (end < masks_.size && bytes_[end] != ' ') {
      if (!note_special(end, scan) || end + 1 == masks_.size) {
        return false;
      }
      end = masks_.next(masks_.target, end + 1);
    }
    const std::size_t line_end = end + kBehindTarget.size();
    if (line_end > masks_.size || line_end - 2 > max_line_bytes ||
        std::memcmp(bytes_ + end, kBehindTarget.data(), kBehindTarget.size()) != 0) {
      return false;
    }
    head_.target = {bytes_ + at_, end - at_};
    head_.target_scan = scan;
    at_ = line_end;
    return true;
  }

  // And the empty line behind them.
  bool take_fields(std::size_t max_fields, std::vector<http::Field>& fields) {
    std::size_t count = 0;
    std::size_t room = fields.size();
    http::Field* field = fields.data();
    for (; at_ + 1 < masks_.size; ++count, ++field) {
      const std::size_t colon = masks_.next(masks_.delimiter, at_);
      if (colon == at_) {
        head_.field_count = count;
        head_.size = at_ + 2;
        return is_line_end(at_);
      }
      if (colon == masks_.size || bytes_[colon] != ':' || count == max_fields) {
        return false;
      }
      const std::size_t end = masks_.next(masks_.control, colon);
      if (end + 1 >= masks_.size || !is_line_end(end)) {
        return false;
      }
      if (count == room) {
        room = std::max(2 * count, kFirstFields);
        fields.resize(room);
        field = fields.data() + count;
      }
      const std::string_view name(bytes_ + at_, colon - at_);
      *field = {name, value_between(colon + 1, end)};
      head_.known.add(http::known_field(name), count);
      at_ = end + 2;
    }
    return false;
  }

 private:
  // The shortest request line, with its end.
  static constexpr std::size_t kMinBytes = std::string_view("GET / HTTP/1.1\r\n").size();

  // `text`: with the space behind it.
  template <std::size_t kSize>
  bool take_method(const char (&text)[kSize], http::Method method) {
    constexpr std::size_t kTextBytes = kSize - 1;
    if (std::memcmp(bytes_, text, kTextBytes) != 0) {
      return false;
    }
    head_.method = method;
    head_.method_text = {bytes_, kTextBytes - 1};
    at_ = kTextBytes;
    return true;
  }

  [[nodiscard]] bool is_line_end(std::size_t at) const {
    return std::memcmp(bytes_ + at, "\r\n", 2) == 0;
  }

  // Of a target; false: it is none.
  bool note_special(std::size_t at, http::TargetScan& scan) const {
    const bool is_in_query = scan.query != std::string_view::npos;
    switch (bytes_[at]) {
      case '.':
        scan.needs_decoding = scan.needs_decoding || (!is_in_query && bytes_[at - 1] == '/');
        return true;
      case '%':
        scan.needs_decoding = scan.needs_decoding || !is_in_query;
        return true;
      case '?':
        scan.query = is_in_query ? scan.query : at - at_;
        return true;
      case '\\':
        return is_in_query;
      default:
        return false;
    }
  }

  // Without the spaces at both ends; there are no tabs. Before it stands a colon.
  [[nodiscard]] std::string_view value_between(std::size_t begin, std::size_t end) const {
    while (bytes_[end - 1] == ' ') {
      --end;
    }
    while (begin < end && bytes_[begin] == ' ') {
      ++begin;
    }
    return {bytes_ + begin, end - begin};
  }

  const char* const bytes_;
  const HeadMasks& masks_;
  FastHead& head_;
  std::size_t at_ = 0;
};

// Nothing where that is for llhttp to say.
bool read_content_length(http::FieldView fields, std::uint64_t& length) {
  using http::KnownField;
  length = 0;
  if (!fields.known().may_have(KnownField::content_length)) {
    return true;
  }
  const std::string_view text =
      fields.lines(KnownField::content_length).only().value_or(std::string_view());
  for (const char digit : text) {
    if (!config::is_digit(digit)) {
      return false;
    }
    length = length * 10 + static_cast<unsigned>(digit - '0');
  }
  return !text.empty() && text.size() <= kMaxDigits;
}

bool changes_the_message(const http::KnownFields& known) {
  return known.may_have(http::KnownField::transfer_encoding) ||
         known.may_have(http::KnownField::upgrade) || known.may_have(http::KnownField::expect);
}

}  // namespace

bool read_fast_head(std::string_view bytes, const ParserLimits& limits, const HeadScanner& scanner,
                    FastHead& head, std::vector<http::Field>& fields) {
  HeadMasks masks;
  scanner.scan(bytes, masks);
  HeadWalk walk(bytes, masks, head);
  return walk.take_method() && walk.take_target(limits.request_line_bytes) &&
         walk.take_fields(std::min(limits.header_count, FastHead::kMaxFields), fields) &&
         head.size <= limits.header_bytes && !changes_the_message(head.known) &&
         read_content_length({std::span(fields).first(head.field_count), head.known},
                             head.content_length);
}

}  // namespace prefork::http1
