// A folder as a web site, or as a part of one: the answers to requests for its files. For each
// worker one of its own, since it holds the worker's cache. One thread: the event loop; nothing
// here waits for anything but the file system.
//
//   file          200, 206, 304, 412 or 416     folder          its index, else the listing or 404
//   no such file  404, or the root's index      "/folder"       301 to "/folder/"
//   unreadable    403                           no descriptors  503
//
// Hidden names, special files and links that lead out of the folder are as if they did not exist.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/exchange/application.h"
#include "server/files/cache.h"
#include "server/files/resource_response.h"
#include "server/files/settings.h"
#include "server/http/method_set.h"
#include "server/http/mime_types.h"

namespace prefork::files {

class StaticFiles {
 public:
  // The methods that respond() is for, and what else has a meaning: OPTIONS.
  static bool can_answer(http::Method method) {
    return method == http::Method::get || method == http::Method::head;
  }
  static http::MethodSet allowed_methods();

  // Throws std::runtime_error, with a line for people, if the folder cannot be served.
  StaticFiles(StaticSettings settings, std::shared_ptr<const http::MimeTypes> types,
              StaticCacheLimits limits);

  // Answers GET or HEAD of `path`, which is the request's path below where the folder is mounted:
  // decoded, starting with a slash; empty: the folder itself, without one. The answer refers to the
  // cache: it must be written before the next call.
  void respond(const http::Request& request, std::string_view path, http::Response& response);
  // Whether there is anything at the path that such an answer could be about: not 404. Of any
  // method; the index stands for paths that name nothing only where it could be sent.
  bool has(const http::Request& request, std::string_view path);

 private:
  // What a path leads to. A folder whose name ends with a slash is to be listed.
  struct Target {
    FileKind kind = FileKind::nothing;
    const StaticResource* resource = nullptr;  // of a file
    std::string_view name;                     // of a folder
  };

  Target find(const http::Request& request, std::string_view path);
  void redirect_to_folder(const http::Request& request, std::string_view name,
                          http::Response& response) const;
  bool list(std::string_view name, http::Response& response) const;

  const StaticSettings settings_;
  StaticCache cache_;
  MultipartBoundaries boundaries_;
  std::string name_;  // room for a path that has to be changed
};

// An application that is nothing but a folder.
std::unique_ptr<exchange::Application> make_static_site(StaticSettings settings,
                                                        StaticCacheLimits limits);

}  // namespace prefork::files
