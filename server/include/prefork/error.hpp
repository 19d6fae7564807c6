// What a handler throws to say what the response is instead of a 500:
//
//   throw prefork::Error(404, "no such order");
//   throw prefork::Error(503, "the stock is being counted").header("Retry-After", "30");
//
// The server makes the page of it: the application's own where there is one (App::error_page), else
// as the client prefers it (Accept) problem details (RFC 9457), a page of HTML, or a line of text.
// A handler may as well return it, and a Responder send it.
//
// on_error() sees it first, as any other exception. One of the server's side (500 and above) is a
// failure, with a line in the log; one of the client's side is none.
#pragma once

#include <prefork/cxx20.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefork/quote.hpp>

namespace prefork {
inline namespace v1 {

// Plain value; one thread at a time.
class Error : public std::runtime_error {
 public:
  // A name, and a value that is text, or JSON for a member.
  using Pair = std::pair<std::string, std::string>;

  // `status`: 400 to 599; any other makes the response a 500 with a line in the log. `message`:
  // text for the client, in UTF-8; the `detail` of problem details. Empty: the status says it all.
  explicit Error(int status, const std::string& message = {})
      : std::runtime_error(message), status_(status) {}

  int status() const { return status_; }

  // What kind of problem it is (RFC 9457 section 3.1.1): a URI reference, and its name for people.
  // Without them "about:blank" and the phrase of the status.
  Error& type(std::string uri) {
    type_ = std::move(uri);
    return *this;
  }
  Error& title(std::string title) {
    title_ = std::move(title);
    return *this;
  }
  // One more member of the problem details (RFC 9457 section 3.2): a text, a whole number or a
  // bool. Only clients that prefer JSON see it. Throws std::invalid_argument for type, title,
  // status, detail and instance, which have functions of their own or are the server's.
  template <typename Value>
  Error& member(std::string_view name, const Value& value) {
    for (const char* known : {"type", "title", "status", "detail", "instance"}) {
      if (name == known) {
        throw std::invalid_argument("Error::member(): '" + std::string(name) +
                                    "' is a member that problem details have already");
      }
    }
    members_.emplace_back(name, to_json(value));
    return *this;
  }
  // Adds a field to the response: Retry-After, WWW-Authenticate, Allow. As Response::add_header.
  Error& header(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);
    return *this;
  }

  // For the layer below.
  const std::string& type() const { return type_; }
  // For the layer below.
  const std::string& title() const { return title_; }
  // For the layer below.
  const std::vector<Pair>& members() const { return members_; }
  const std::vector<Pair>& fields() const { return fields_; }

 private:
  template <typename Value>
  static std::string to_json(const Value& value) {
    if constexpr (std::is_same_v<Value, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_integral_v<Value>) {
      return std::to_string(value);
    } else {
      static_assert(std::is_convertible_v<const Value&, std::string_view>,
                    "Error::member() takes a text, a whole number or a bool");
      return json_text(value);
    }
  }

  int status_;
  std::string type_;
  std::string title_;
  std::vector<Pair> members_;
  std::vector<Pair> fields_;
};

namespace detail {

// The first line of an error as text: "404 Not Found: no such order\n". For servers that make no
// pages; newer ones know all phrases.
inline std::string error_line(const Error& error) {
  std::string line = std::to_string(error.status());
  switch (error.status()) {
    case 400:
      line.append(" Bad Request");
      break;
    case 401:
      line.append(" Unauthorized");
      break;
    case 403:
      line.append(" Forbidden");
      break;
    case 404:
      line.append(" Not Found");
      break;
    case 409:
      line.append(" Conflict");
      break;
    case 413:
      line.append(" Content Too Large");
      break;
    case 415:
      line.append(" Unsupported Media Type");
      break;
    case 500:
      line.append(" Internal Server Error");
      break;
    case 503:
      line.append(" Service Unavailable");
      break;
    default:
      break;
  }
  if (*error.what() != '\0') {
    line.append(": ").append(error.what());
  }
  return line.append("\n");
}

}  // namespace detail

}  // namespace v1
}  // namespace prefork
