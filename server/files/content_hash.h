// A number that tells contents of one size apart, for entity tags. Not for adversaries: who can
// write two files with the same one can write them anyway. A pure function.
#pragma once

#include <cstdint>
#include <string_view>

namespace prefork::files {

std::uint64_t hash_content(std::string_view content) noexcept;

}  // namespace prefork::files
