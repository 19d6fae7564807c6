#include "server/files/content_hash.h"

#include <cstddef>
#include <cstring>

namespace prefork::files {

namespace {

// One to one in the hash so far and in the word: contents that differ in one word never agree.
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
  hash = (hash ^ word) * kGolden;
  return hash ^ hash >> 32;
}

}  // namespace

std::uint64_t hash_content(std::string_view content) noexcept {
  std::uint64_t hash = mix(0, content.size());
  while (!content.empty()) {
    std::uint64_t word = 0;
    const std::string_view bytes = content.substr(0, sizeof word);
    std::memcpy(&word, bytes.data(), bytes.size());
    hash = mix(hash, word);
    content.remove_prefix(bytes.size());
  }
  return mix(hash, hash >> 29);
}

}  // namespace prefork::files
