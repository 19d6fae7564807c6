// Conditional requests of what an application has made (RFC 9110 section 13).
#pragma once

#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::native {

// Where the request is GET or HEAD and the status 200, holds the request's conditions against the
// response's ETag and Last-Modified: it becomes a 304 without content or a 412. With `hashes_body`
// a response whose content is a body in memory gets a strong ETag of that, unless it has one. Any
// thread.
void validate(const http::Request& request, http::Response& response, bool hashes_body);

}  // namespace prefork::native
