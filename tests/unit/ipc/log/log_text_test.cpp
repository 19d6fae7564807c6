#include "ipc/log/log_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "ipc/log/time_text.h"

namespace prefork::ipc {
namespace {

using namespace std::string_view_literals;

std::string readable(std::string_view text) {
  std::string line;
  append_readable(line, text);
  return line;
}

std::string json(std::string_view text, std::size_t limit = 1000) {
  std::string line;
  append_json(line, text, limit);
  return line;
}

TEST(LogText, OfAClientIsPrintableAsciiWithoutQuotes) {
  EXPECT_EQ(escaped("/a b~"), "/a b~");
  EXPECT_EQ(escaped("\"\\\n\0\x7F\x80\xC3\xA9"sv), "\\x22\\x5c\\x0a\\x00\\x7f\\x80\\xc3\\xa9");
}

TEST(LogText, IsCutBetweenEscapes) {
  std::string line = "=";
  append_escaped(line, "ab\n\n", 9);
  EXPECT_EQ(line, "=ab\\x0a") << "a second escape has no room";
  line.clear();
  append_escaped(line, "abcdef", 3);
  EXPECT_EQ(line, "abc");
  EXPECT_EQ(json("aaaa\"", 9), "aaaa");
}

TEST(LogText, OfPeopleStaysReadableInAnyLanguage) {
  EXPECT_EQ(readable("Größe \"ж\" 東 🙂 C:\\x"), "Größe \"ж\" 東 🙂 C:\\x");
}

TEST(LogText, CommandsNeitherATerminalNorTheDirectionOfWriting) {
  EXPECT_EQ(readable("a\tb\r\n\x1B[2J\x7F"), "a\\x09b\\x0d\\x0a\\x1b[2J\\x7f");
  EXPECT_EQ(readable("\xC2\x9B"
                     "2J"),
            "\\xc2\\x9b2J")
      << "a control sequence of one character";
  EXPECT_EQ(readable("\xE2\x80\xAEtxt"), "\\xe2\\x80\\xaetxt") << "right to left";
  EXPECT_EQ(readable("\xE2\x81\xA6"), "\\xe2\\x81\\xa6") << "an isolate";
  EXPECT_EQ(readable("\xE2\x80\xA8"), "\\xe2\\x80\\xa8") << "the end of a line";
  EXPECT_EQ(readable("\xF3\xA0\x81\x81"), "\\xf3\\xa0\\x81\\x81") << "a tag that nobody sees";
}

TEST(LogText, ShowsTheBytesOfWhatIsNotUtf8) {
  EXPECT_EQ(readable("a\xFFz"), "a\\xffz");
  EXPECT_EQ(readable("\xC0\xAF"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(readable("\xE0\x80\xAF"), "\\xe0\\x80\\xaf") << "overlong";
  EXPECT_EQ(readable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "half of a pair";
  EXPECT_EQ(readable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last";
  EXPECT_EQ(readable("\xE2\x82"), "\\xe2\\x82") << "cut off";
}

TEST(LogText, IsAPartOfAJsonString) {
  EXPECT_EQ(json("a\"b\\c\n\xFF é\xE2\x80\xAE\x7F"), "a\\\"b\\\\c\\u000a\\ufffd é\\u202e\\u007f");
}

TEST(TimeText, IsUtcInBothForms) {
  TimeText time;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  EXPECT_EQ(time.rfc3339(1'795'846'088 * kSecond + 7'000'000), "2026-11-28T06:08:08.007+00:00");
  EXPECT_EQ(time.common_log(1'795'846'088 * kSecond), "28/Nov/2026:06:08:08 +0000");
  EXPECT_EQ(time.rfc3339(1'795'846'088 * kSecond + 999'999'999), "2026-11-28T06:08:08.999+00:00");
  EXPECT_EQ(time.rfc3339(951'782'400 * kSecond), "2000-02-29T00:00:00.000+00:00");
  EXPECT_EQ(time.common_log(0), "01/Jan/1970:00:00:00 +0000");
}

// Eight bytes are looked at together where there are so many.
TEST(LogText, EachByteIsSeenWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_plain = byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
    const std::string alone = escaped(std::string(1, c));
    EXPECT_EQ(alone == std::string(1, c), is_plain) << byte;
    for (std::size_t size = 1; size <= 18; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = c;
        std::string wanted(size, 'a');
        wanted.replace(at, 1, alone);
        ASSERT_EQ(escaped(text), wanted) << byte << " at " << at << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace prefork::ipc
