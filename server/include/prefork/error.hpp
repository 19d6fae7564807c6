// What a handler throws to say what the response is instead of a 500:
//
//   throw prefork::Error(404, "no such order");
//
// on_error() sees it first, as any other exception. One of the server's side (500 and above) is a
// failure, with a line in the log; one of the client's side is none.
#pragma once

#include <prefork/cxx20.hpp>

#include <stdexcept>
#include <string>

namespace prefork {
inline namespace v1 {

class Error : public std::runtime_error {
 public:
  // `status`: 400 to 599. `message`: text for the client, in UTF-8.
  Error(int status, const std::string& message) : std::runtime_error(message), status_(status) {}

  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace v1
}  // namespace prefork
