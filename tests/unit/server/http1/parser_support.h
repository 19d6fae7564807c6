// Feeds a message to a RequestParser as a connection does: the head grows in one piece that moves
// to another place with each read, the body comes in the pieces of the reads. Every piece lies in
// memory of exactly its size that is overwritten and freed after the call, so that a parser which
// keeps a pointer, or looks behind the end, is found out. One test, one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http1/request_parser.h"

namespace prefork::http1::testing_parser {

// Everything that can be known of a fed message; equal however it was cut.
struct Outcome {
  ParseStatus status = ParseStatus::need_more;
  int error_status = 0;
  std::string detail;
  std::size_t consumed = 0;  // of a complete message: head and body together
  bool head_complete = false;
  bool keep_alive = false;
  bool expects_continue = false;
  int version_minor = -1;
  std::string method, target, path, query, host, body;
  std::vector<std::pair<std::string, std::string>> fields;

  // 200 for a complete message, 100 for one that waits for more, else the error's status.
  [[nodiscard]] int code() const {
    return status == ParseStatus::complete    ? 200
           : status == ParseStatus::need_more ? 100
                                              : error_status;
  }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.code() << " \"" << outcome.detail << "\", head "
       << (outcome.head_complete ? "complete" : "incomplete") << ", " << outcome.consumed
       << " bytes, " << outcome.method << " " << outcome.target << " path " << outcome.path
       << " host " << outcome.host << " body \"" << outcome.body << "\" fields";
  for (const auto& [name, value] : outcome.fields) {
    *out << " {" << name << ": " << value << "}";
  }
}

// Bytes in memory of exactly their size, made unusable at the end.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text) : size_(text.size()), bytes_(new char[text.size()]) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  ~ExactBytes() { std::fill_n(bytes_.get(), size_, '#'); }
  ExactBytes(const ExactBytes&) = delete;
  ExactBytes& operator=(const ExactBytes&) = delete;
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

class Feeder {
 public:
  explicit Feeder(RequestParser& parser) : parser_(parser) {}

  // Feeds `message` cut at `cuts` (ascending offsets) and says what came of it.
  Outcome feed(std::string_view message, const std::vector<std::size_t>& cuts) {
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size() && outcome_.status == ParseStatus::need_more; ++i) {
      const std::size_t to = i < cuts.size() ? cuts[i] : message.size();
      take(message.substr(from, to - from));
      from = to;
    }
    return outcome_;
  }

 private:
  void take(std::string_view piece) {
    if (outcome_.head_complete) {
      take_body(piece);
      return;
    }
    received_.append(piece);
    const ExactBytes bytes(received_);
    outcome_.status = parser_.parse_head(bytes.view());
    if (outcome_.status == ParseStatus::complete) {
      outcome_.status = parser_.limit_body();
    }
    if (outcome_.status == ParseStatus::error) {
      note_error();
    } else if (outcome_.status == ParseStatus::complete) {
      take_head(bytes.view());
    }
  }

  void take_head(std::string_view bytes) {
    outcome_.head_complete = true;
    outcome_.consumed = parser_.head_size();
    outcome_.keep_alive = parser_.keep_alive();
    outcome_.expects_continue = parser_.expects_continue();
    // The connection's way to keep a head whose bytes go.
    const ExactBytes copy(bytes.substr(0, parser_.head_size()));
    std::vector<http::Field> fields;
    http::Request request = parser_.request();
    parser_.rebase(copy.view().data(), fields, request);
    outcome_.version_minor = request.version_minor;
    outcome_.method = request.method_text;
    outcome_.target = request.target;
    outcome_.path = request.path;
    outcome_.query = request.query;
    outcome_.host = request.host;
    for (const http::Field& field : request.fields) {
      outcome_.fields.emplace_back(field.name, field.value);
    }
    if (parser_.has_body()) {
      outcome_.status = ParseStatus::need_more;
      const std::string rest(bytes.substr(parser_.head_size()));
      if (!rest.empty()) {
        take_body(rest);
      }
    }
  }

  void take_body(std::string_view piece) {
    const ExactBytes bytes(piece);
    std::size_t consumed = 0;
    outcome_.status = parser_.consume_body(bytes.view(), outcome_.body, consumed);
    outcome_.consumed += consumed;
    if (outcome_.status == ParseStatus::error) {
      note_error();
    }
  }

  // What was understood before the error may depend on the cuts; nobody gets to see it.
  void note_error() {
    const ParseError error = parser_.error();
    outcome_ = {};
    outcome_.status = ParseStatus::error;
    outcome_.error_status = error.status;
    outcome_.detail = error.detail;
  }

  RequestParser& parser_;
  std::string received_;
  Outcome outcome_;
};

inline Outcome feed(std::string_view message, const std::vector<std::size_t>& cuts = {},
                    const ParserLimits& limits = {}) {
  RequestParser parser(limits);
  return Feeder(parser).feed(message, cuts);
}

inline Outcome feed(std::string_view message, const ParserLimits& limits) {
  return feed(message, {}, limits);
}

inline std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < size; ++i) {
    cuts.push_back(i);
  }
  return cuts;
}

inline std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) {
    result.append(text);
  }
  return result;
}

}  // namespace prefork::http1::testing_parser
