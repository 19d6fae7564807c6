// Options as one text for another process of this program: what the sources have led to, so that
// nobody has to read them again, who may find something else there. What the table of options
// declares is in it without being listed anywhere.
#pragma once

#include <string>
#include <string_view>

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::config {

// May hold zero bytes.
std::string pack_options(const Options& options);

// The same again; or why `packed` was not made by pack_options().
Result<Options> unpack_options(std::string_view packed);

}  // namespace prefork::config
