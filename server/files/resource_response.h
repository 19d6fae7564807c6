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

// What the request's Accept-Encoding selects.
const Representation& choose_representation(const StaticResource& resource, http::FieldView fields);

// Whether what was loaded is what the file holds now. Of a file in memory it is all there will ever
// be; one that is sent by the kernel is looked at, so that new bytes never go out with the length
// and the validators of old ones.
bool is_current(const StoredFile& file);

// The resource, of which `chosen` is a representation, must live until the answer is written. For a
// plain request of a file in memory this makes no system call and allocates nothing.
void respond_with(const StaticResource& resource, const Representation& chosen,
                  const http::Request& request, MultipartBoundaries& boundaries,
                  http::Response& response);

// What a client is told in place of a file.
void respond_without(FileKind kind, http::Response& response);

}  // namespace prefork::files
