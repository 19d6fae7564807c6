#include <gtest/gtest.h>

#include <prefork/quote.hpp>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

namespace prefork {
namespace {

using namespace std::string_view_literals;

TEST(QuoteJson, EscapesWhatWouldEndTheString) {
  EXPECT_EQ(quote_json(""), R"("")");
  EXPECT_EQ(quote_json("you"), R"("you")");
  EXPECT_EQ(quote_json(R"(","admin":"x)"), R"("\",\"admin\":\"x")");
  EXPECT_EQ(quote_json("\\"), R"("\\")");
  EXPECT_EQ(quote_json("\n\0\x1f\x7f"sv), R"("\u000a\u0000\u001f\u007f")");
  EXPECT_EQ(quote_json("caf\u00e9 \U0001F600"), "\"caf\u00e9 \U0001F600\"");
}

TEST(QuoteJson, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(quote_json("\xff"), R"("\ufffd")");
  EXPECT_EQ(quote_json("\xc3"), R"("\ufffd")");
  EXPECT_EQ(quote_json("\xc0\xaf"), R"("\ufffd\ufffd")") << "longer than needed";
  EXPECT_EQ(quote_json("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "half of a pair";
  EXPECT_EQ(quote_json("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "beyond the last";
  EXPECT_EQ(quote_json("\xe2\x82"), R"("\ufffd\ufffd")") << "cut off";
}

TEST(QuoteJson, IsOneStringToAReaderWhateverTheBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 12, '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random());
    }
    const nlohmann::json read = nlohmann::json::parse(quote_json(bytes), nullptr, false);
    ASSERT_TRUE(read.is_string()) << quote_json(bytes);
  }
}

TEST(JsonText, IsTheSameUnderItsNewName) { EXPECT_EQ(json_text("a\"b"), quote_json("a\"b")); }

TEST(HtmlText, EscapesWhatWouldEndTheTextOrAValue) {
  EXPECT_EQ(html_text(""), "");
  EXPECT_EQ(html_text("<a href=\"x\" b='y'>&amp;"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(html_text("caf\u00e9 \xff"), "caf\u00e9 \xff");
}

}  // namespace
}  // namespace prefork
