// The cases of HTTP as the wire sees it, read from text files in cases/. A case is a small wire
// transcript: bytes to send and which answers are accepted, in as many steps as it needs.
//
//   38. two Host fields [9112 3.2]
//       send {R}Host: b\r\n\r\n
//       want 400c
//
// `send`: text with \r \n \t \\ \xNN, the macros of kMacros, ~text*N~ for N times text, and EOF at
// the end for "then ends its half of the connection". Several in a row are joined.
// `want`: alternatives between |, each a list of answers between commas or the word `close` (the
// connection ends without an answer). After a status: h, an answer to HEAD, without body; c, the
// server says so and closes. Without c the connection has to serve another request.
// `with`: what the last answer must also be, see Condition; `with 206: ...` where that is its
// status. A line that starts with # is a comment. Plain data; one thread.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::test {

struct Outcome {
  struct Expected {
    int status = 0;
    bool without_body = false;
  };
  std::vector<Expected> answers;
  bool closes = false;
};

struct Condition {
  enum class Kind {
    header,        // header Name: value, the whole value; header Name, any value
    no_header,     // no header Name
    body,          // body text; body empty
    body_holds,    // body contains text
    body_lacks,    // body lacks text
    body_size,     // body size N
    body_at_most,  // body at most N
  };
  int only_for_status = 0;  // 0: for any
  Kind kind = Kind::header;
  std::string name;                 // of the header
  std::optional<std::string> text;  // its value, or that of the body
  std::size_t size = 0;
};

struct Step {
  std::string send;       // as written; unescape() makes the bytes of it
  bool then_end = false;  // EOF
  std::vector<Outcome> accepted;
  std::vector<Condition> conditions;
  std::string want;  // as written, for messages
};

struct Case {
  int number = 0;
  std::string name;
  std::string section;
  std::vector<Step> steps;
  bool at_once = false;

  // "038_two_host_fields"
  [[nodiscard]] std::string test_name() const;
};
// What GoogleTest prints of a parameter.
void PrintTo(const Case& test_case, std::ostream* stream);

// The cases of all files in tests/conformance/cases/`group`, by number. Throws std::runtime_error
// with file and line.
std::vector<Case> load_cases(std::string_view group);

// Those that may come in pieces.
std::vector<Case> load_cases_in_pieces(std::string_view group);

// The folder of the tables.
std::string cases_folder();

// The bytes of a `send`. Throws std::invalid_argument.
std::string unescape(std::string_view text);

}  // namespace prefork::test
