// The page that lists a folder's files. Made anew for each request, and bounded. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/files/root.h"

namespace prefork::files {

// Of a larger folder the page shows this many names, and says so.
inline constexpr std::size_t kMaxListedNames = 5000;

// `folder` is an open folder, `name` its path below the root as from name_static_path(), with a
// slash at its end. What is hidden or would not be served is not listed: folders come first, then
// files, each by name. Empty when the folder cannot be read.
std::string listing_page(const StaticRoot& root, FoundFile folder, std::string_view name);

}  // namespace prefork::files
