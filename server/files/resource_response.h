// The answer to GET and HEAD of a file: which coding, under which conditions, which parts of it.
// One thread: the event loop.
#pragma once

#include <cstdint>
#include <string>

#include "server/files/resource.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::files {

// Boundaries of multipart answers: 128 random bits of this process and a counter, so that no file
// can have the next one in it.
class MultipartBoundaries {
 public:
  MultipartBoundaries();
  // Valid until the next call.
  std::string_view next();

 private:
  std::string random_;
  std::string text_;
  std::uint64_t count_ = 0;
};

// The resource must live until the answer is written. For a plain request of a file in memory this
// makes no system call and allocates nothing.
void respond_with(const StaticResource& resource, const http::Request& request,
                  MultipartBoundaries& boundaries, http::Response& response);

}  // namespace prefork::files
