#include "server/files/content_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace prefork::files {
namespace {

TEST(ContentHash, DiffersWhereverOneByteDoes) {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 100U, 1000U}) {
    std::set<std::uint64_t> hashes;
    std::string content(size, 'x');
    hashes.insert(hash_content(content));
    for (std::size_t i = 0; i < size; ++i) {
      content[i] = 'y';
      hashes.insert(hash_content(content));
      content[i] = 'x';
    }
    EXPECT_EQ(hashes.size(), size + 1);
  }
}

TEST(ContentHash, DiffersBySizeAndOrder) {
  EXPECT_NE(hash_content(""), hash_content(std::string(1, '\0')));
  EXPECT_NE(hash_content(std::string(8, '\0')), hash_content(std::string(9, '\0')));
  EXPECT_NE(hash_content("12345678abcdefgh"), hash_content("abcdefgh12345678"));
  EXPECT_EQ(hash_content("same"), hash_content(std::string("same")));
}

}  // namespace
}  // namespace prefork::files
