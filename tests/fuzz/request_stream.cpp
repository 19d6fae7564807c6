// Control bytes: four limits and how to cut; the rest is all that a client sends over one
// connection. Requests are taken from it as a connection does, with one parser; they and the end
// they come to are the same however the bytes arrive.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/head_summary.h"
#include "tests/fuzz/llhttp_states.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

struct Taken {
  HeadSummary head;
  std::string body;

  friend bool operator==(const Taken&, const Taken&) = default;
};

class Stream {
 public:
  explicit Stream(const http1::ParserLimits& limits) : limits_(limits), parser_(limits) {}

  // False when the connection would be closed.
  bool receive(std::string_view piece) {
    kept_.append(piece);
    const http1::testing_parser::ExactBytes bytes(kept_);
    std::string_view rest = bytes.view();
    while (!rest.empty() && !closed_) {
      const std::size_t used = in_body_ ? take_body(rest) : take_head(rest);
      if (used == 0) {
        break;
      }
      PREFORK_CHECK(used <= rest.size());
      rest.remove_prefix(used);
    }
    kept_ = rest;
    return !closed_;
  }

  friend bool operator==(const Stream& a, const Stream& b) {
    return a.taken_ == b.taken_ && a.closed_ == b.closed_ && a.error_status_ == b.error_status_ &&
           a.detail_ == b.detail_ && a.in_body_ == b.in_body_ &&
           (a.closed_ || (a.unfinished() == b.unfinished() && a.body_ == b.body_));
  }

 private:
  std::size_t take_head(std::string_view bytes) {
    switch (parser_.parse_head(bytes)) {
      case http1::ParseStatus::error:
        return fail(bytes);
      case http1::ParseStatus::need_more:
        return parser_.drop_blank_lines(bytes);
      case http1::ParseStatus::complete:
        break;
    }
    const std::size_t size = parser_.head_size();
    const HeadSummary head = summarize(parser_, parser_.request());
    check_accepted_head(head, bytes, limits_);
    const std::string_view rest = bytes.substr(size);
    if (!parser_.has_body()) {
      finish(head, {});
      return size;
    }
    if (parser_.limit_body() == http1::ParseStatus::error) {
      return fail(bytes);
    }
    if (!parser_.is_chunked() && rest.size() >= parser_.content_length()) {
      const auto body_size = static_cast<std::size_t>(parser_.content_length());
      finish(head, rest.substr(0, body_size));
      return size + body_size;
    }
    head_copy_ = bytes.substr(0, size);
    request_ = parser_.request();
    parser_.rebase(head_copy_.data(), fields_, request_);
    in_body_ = true;
    return size + (rest.empty() ? 0 : take_body(rest));
  }

  std::size_t take_body(std::string_view bytes) {
    std::size_t consumed = 0;
    switch (parser_.consume_body(bytes, body_, consumed)) {
      case http1::ParseStatus::error:
        return fail(bytes);
      case http1::ParseStatus::need_more:
        PREFORK_CHECK(consumed == bytes.size());
        break;
      case http1::ParseStatus::complete:
        in_body_ = false;
        finish(summarize(parser_, request_), body_);
        body_.clear();
        break;
    }
    return consumed;
  }

  // What waits for more; blank lines may have been dropped or not.
  [[nodiscard]] std::string_view unfinished() const {
    std::string_view bytes = kept_;
    while (bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);
    }
    return bytes;
  }

  std::size_t fail(std::string_view bytes) {
    closed_ = true;
    error_status_ = parser_.error().status;
    detail_ = parser_.error().detail;
    return bytes.size();
  }

  void finish(HeadSummary head, std::string_view body) {
    head.head_size = 0;  // depends on the blank lines dropped before it
    taken_.push_back({std::move(head), std::string(body)});
    closed_ = !parser_.keep_alive();
    parser_.reset();
  }

  const http1::ParserLimits limits_;
  http1::RequestParser parser_;
  std::string kept_;
  std::string head_copy_;
  std::vector<http::Field> fields_;
  http::Request request_;
  std::string body_;
  std::vector<Taken> taken_;
  std::string detail_;
  int error_status_ = 0;
  bool in_body_ = false;
  bool closed_ = false;
};

void check_one(Input input) {
  const http1::ParserLimits limits = take_limits(input);
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  count_llhttp_states(bytes);

  Stream whole(limits);
  whole.receive(bytes);
  Stream pieces(limits);
  for (const std::string_view piece : pieces_of(bytes, seed)) {
    if (!pieces.receive(piece)) {
      break;
    }
  }
  PREFORK_CHECK(pieces == whole);
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
