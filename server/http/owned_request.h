// A request with its own copy of every byte its views point to (but the names of the route's
// parameters, which stay where the application has them), for whoever needs it after the
// connection's input has gone: handlers on other threads, and the log line of a long answer.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/http/request.h"

namespace prefork::http {

class OwnedRequest {
 public:
  OwnedRequest() = default;
  OwnedRequest(const OwnedRequest&) = delete;
  OwnedRequest& operator=(const OwnedRequest&) = delete;

  void copy(const Request& from);
  // Everything but the body.
  void copy_head(const Request& from);

  Request request;

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::vector<Field> fields_;  // the header, then the parameters
  std::shared_ptr<RequestTrace> trace_;
};

}  // namespace prefork::http
