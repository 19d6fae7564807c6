#include "server/http1/chunk_writer.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace prefork::http1 {
namespace {

void append_chunk(http::ByteBuffer& out, const std::string& content, std::size_t room) {
  char* const at = prepare_chunk(out, room);
  std::memcpy(at, content.data(), content.size());
  commit_chunk(out, at, content.size());
}

TEST(ChunkWriter, AChunkIsItsSizeInHexadecimalAndItsContentEachWithALineEnd) {
  for (const auto& [size, line] :
       std::vector<std::pair<std::size_t, std::string>>{{1, "1"},
                                                        {15, "f"},
                                                        {16, "10"},
                                                        {0xFFF, "fff"},
                                                        {0x1000, "1000"},
                                                        {kMaxChunkBytes, "ffff"}}) {
    std::string content(size, 'x');
    content.front() = '<';
    content.back() = '>';
    http::ByteBuffer out;
    append_chunk(out, content, kMaxChunkBytes);
    EXPECT_TRUE(out.view() == line + "\r\n" + content + "\r\n") << size;
  }
}

TEST(ChunkWriter, WritesOneChunkBehindTheOther) {
  http::ByteBuffer out;
  out.append("head|");
  append_chunk(out, "abc", 3);
  append_chunk(out, "de", 100);
  out.append(kLastChunk);
  EXPECT_EQ(out.view(), "head|3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
}

TEST(ChunkWriter, WhatIsPreparedAndNotCommittedLeavesNothing) {
  http::ByteBuffer out;
  out.append("head");
  prepare_chunk(out, 1000);
  EXPECT_EQ(out.view(), "head");
}

}  // namespace
}  // namespace prefork::http1
