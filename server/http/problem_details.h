// What the server says of an error: problem details (RFC 9457), and the forms they are sent in.
// Plain value; the rest are pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prefork::http {

struct ProblemDetails {
  int status = 500;
  std::string detail;  // of this occurrence; may be empty
  std::string type;    // a URI reference; empty: "about:blank"
  std::string title;   // empty: the phrase of the status
  // Of an application: names, and values that are JSON already.
  std::vector<std::pair<std::string, std::string>> members;
  // For the author of the application (--reload): what went wrong, and in which route.
  std::string failure;
  std::string route;

  // "Not Found"; "Status 499" for a code without a phrase.
  [[nodiscard]] std::string shown_title() const;
};

// "404 Not Found: no such order\n"
std::string to_text(const ProblemDetails& problem);
// An object of RFC 9457 section 3.
std::string to_json(const ProblemDetails& problem);
// A page that needs nothing besides itself, light or dark as the reader has it.
std::string to_html(const ProblemDetails& problem);

}  // namespace prefork::http
