// A file as a response of an application: with all that a mounted folder gives, at a path that the
// application names.
#pragma once

#include <string>

#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::native {

// Makes a file the content of the response. Conditions, ranges and codings of the request are
// followed where the application left the status at 200 and set no validator of its own; fields
// that it set stay as they are, and without a Content-Type there is that of the file's name. A path
// that leads to no file is answered with 404, one that may not be read with 403. False when the
// file system says that something is broken. Any thread.
bool respond_with_file(const http::Request& request, const std::string& path,
                       http::Response& response);

}  // namespace prefork::native
