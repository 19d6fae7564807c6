#include "server/http1/head_scanner.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>

#include "config/base/text.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::http1 {
namespace {

using testing_parser::ExactBytes;

bool bit_of(const HeadMasks::Mask& mask, std::size_t at) {
  return (mask[at / HeadMasks::kBlockBytes] >> at % HeadMasks::kBlockBytes & 1U) != 0;
}

// One byte after the other, by the definitions.
void expect_described(const HeadScanner& scanner, std::string_view text) {
  const ExactBytes bytes(text);
  HeadMasks masks;
  scanner.scan(bytes.view(), masks);
  ASSERT_LE(masks.size, text.size());
  std::size_t request_line_end = std::string::npos;
  for (std::size_t at = 0; at < masks.size; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool is_control = byte < 0x20 || byte == 0x7F;
    const bool is_special = byte <= 0x20 || byte >= 0x7F ||
                            std::string_view("%.\\#?").find(text[at]) != std::string_view::npos;
    ASSERT_EQ(bit_of(masks.control, at), is_control) << scanner.name << " at " << at;
    ASSERT_EQ(bit_of(masks.delimiter, at), !config::is_token_char(text[at]))
        << scanner.name << " at " << at;
    request_line_end = is_control ? std::min(request_line_end, at) : request_line_end;
    if (at <= request_line_end) {
      ASSERT_EQ(bit_of(masks.target, at), is_special) << scanner.name << " at " << at;
    }
  }
  // Nothing is said of bytes that are not there.
  if (const std::size_t rest = masks.size % HeadMasks::kBlockBytes; rest != 0) {
    EXPECT_EQ(masks.delimiter[masks.size / HeadMasks::kBlockBytes] >> rest, 0U) << scanner.name;
  }
}

TEST(HeadScanner, KnowsEveryByteAtEveryPlaceOfABlock) {
  for (const HeadScanner& scanner : head_scanners()) {
    for (std::size_t before = 0; before < 70; ++before) {
      std::string text(before, 'a');
      for (unsigned value = 0; value < 256; ++value) {
        text += static_cast<char>(value);
        text += 'a';
      }
      expect_described(scanner, text);
    }
  }
}

TEST(HeadScanner, ReadsEveryLengthAndNothingBehind) {
  std::mt19937 random(64);
  for (const HeadScanner& scanner : head_scanners()) {
    for (std::size_t size = 0; size < 200; ++size) {
      std::string text(size, ' ');
      for (char& c : text) {
        c = static_cast<char>(random());
      }
      expect_described(scanner, text);
    }
  }
}

TEST(HeadScanner, StopsBehindTheEndOfTheHead) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const HeadScanner& scanner : head_scanners()) {
    // The four characters over every border of two blocks.
    for (std::size_t before = 30; before < 140; ++before) {
      const std::string text = std::string(before, 'a') + "\r\n\r\n" + std::string(1000, 'b');
      HeadMasks masks;
      scanner.scan(text, masks);
      EXPECT_GE(masks.size, before + 4) << scanner.name;
      EXPECT_LT(masks.size, before + 4 + HeadMasks::kBlockBytes) << scanner.name;
    }
    HeadMasks masks;
    scanner.scan(std::string(5000, 'a'), masks);
    EXPECT_EQ(masks.size, HeadMasks::kMaxBytes) << scanner.name;
  }
}

TEST(HeadScanner, HasAName) {
  std::set<std::string_view> names;
  for (const HeadScanner& scanner : head_scanners()) {
    names.insert(scanner.name);
  }
  EXPECT_EQ(names.size(), head_scanners().size());
  EXPECT_EQ(head_scanners().back().name, "scalar");
}

}  // namespace
}  // namespace prefork::http1
