#include "ipc/base/first_bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string_view>

namespace prefork::ipc {
namespace {

TEST(FirstBytes, AreThoseOfAWordOfWhateverLength) {
  constexpr std::string_view kBytes = "\xff\x01\x80\x02zyxwvu";
  for (std::size_t size = 0; size <= kBytes.size(); ++size) {
    std::array<char, 8> expected{};
    std::memcpy(expected.data(), kBytes.data(), size < 8 ? size : 8);
    const std::uint64_t word = first_bytes(kBytes.data(), size);
    EXPECT_EQ(std::memcmp(&word, expected.data(), 8), 0) << size;
  }
}

TEST(FirstBytes, OfNothingAreNotRead) { EXPECT_EQ(first_bytes(nullptr, 0), 0U); }

}  // namespace
}  // namespace prefork::ipc
