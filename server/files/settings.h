// How a folder of files is served. A plain value.
#pragma once

#include <string>
#include <vector>

#include "config/values/cache_rule.h"

namespace prefork::files {

struct StaticSettings {
  std::string folder;
  // What stands before the paths below the folder in the client's URLs, without a slash at its end:
  // "/shop/assets". Empty: nothing.
  std::string url_prefix;
  std::string index = "index.html";            // the file that answers for its folder
  bool listing = false;                        // a folder without one lists its files
  bool spa = false;                            // paths that name no file get the root's index
  std::vector<config::CacheRule> cache_rules;  // the first that matches counts
};

}  // namespace prefork::files
