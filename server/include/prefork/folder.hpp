// How a folder of files is shown; see App::mount. Plain value.
#pragma once

#include <prefork/cxx20.hpp>

#include <string>

namespace prefork {
inline namespace v1 {

struct Folder {
  std::string index = "index.html";  // the file that answers for its folder
  bool listing = false;              // a folder without one lists its files
  bool spa = false;                  // paths that name no file get the index of the folder
  // Cache-Control of every file (RFC 9111 section 5.2), such as "max-age=3600"; empty: none.
  std::string cache_control{};
};

}  // namespace v1
}  // namespace prefork
