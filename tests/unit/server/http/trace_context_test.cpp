// W3C Trace Context: what a traceparent is, what is none, and what is made of both.
#include "server/http/trace_context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prefork::http {
namespace {

constexpr std::string_view kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view kSpan = "b7ad6b7169203331";
const std::string kValid = "00-" + std::string(kTrace) + "-" + std::string(kSpan) + "-01";

std::string with_version(std::string_view version, std::string_view behind = "") {
  return std::string(version) + kValid.substr(2) + std::string(behind);
}

std::string with_flags(std::string_view flags) {
  return kValid.substr(0, kValid.size() - 2) + std::string(flags);
}

bool is_valid(std::string_view value) { return parse_traceparent(value).has_value(); }

TEST(TraceParents, AreTakenAsTheyCame) {
  const auto parent = parse_traceparent(kValid);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id(), kTrace);
  EXPECT_EQ(parent->span_id(), kSpan);
  EXPECT_TRUE(parent->is_sampled());
  EXPECT_EQ(parent->text(), kValid);
}

TEST(TraceParents, KeepTheFlagThatIsDefinedAndNoOther) {
  EXPECT_EQ(parse_traceparent(with_flags("00"))->text(), with_flags("00"));
  EXPECT_EQ(parse_traceparent(with_flags("ff"))->text(), with_flags("01"));
  EXPECT_EQ(parse_traceparent(with_flags("fe"))->text(), with_flags("00"));
  EXPECT_EQ(parse_traceparent(with_flags("03"))->text(), with_flags("01"));
  EXPECT_EQ(parse_traceparent(with_flags("0b"))->text(), with_flags("01"));
}

TEST(TraceParents, OfVersion00HaveExactlyItsLength) {
  EXPECT_FALSE(is_valid(kValid + "-"));
  EXPECT_FALSE(is_valid(kValid + "-00"));
  EXPECT_FALSE(is_valid(kValid + " "));
  for (std::size_t size = 0; size < kValid.size(); ++size) {
    EXPECT_FALSE(is_valid(std::string_view(kValid).substr(0, size))) << size;
  }
}

TEST(TraceParents, OfLaterVersionsAreReadAsFarAsTheyAreKnown) {
  for (const char* version : {"01", "cc", "fe"}) {
    EXPECT_EQ(parse_traceparent(with_version(version))->text(), kValid) << version;
    EXPECT_EQ(parse_traceparent(with_version(version, "-what-the-future"))->text(), kValid);
    EXPECT_TRUE(is_valid(with_version(version, "-")));
    EXPECT_FALSE(is_valid(with_version(version, ".what")));
    EXPECT_FALSE(is_valid(with_version(version, "0")));
  }
  EXPECT_FALSE(is_valid(with_version("ff")));
  EXPECT_FALSE(is_valid(with_version("ff", "-x")));
}

TEST(TraceParents, AreRefusedByEachCharacterThatIsWrong) {
  for (std::size_t at = 0; at < kValid.size(); ++at) {
    const bool is_dash = kValid[at] == '-';
    for (const char wrong : {'A', 'F', 'g', ' ', '.', is_dash ? '0' : '-'}) {
      std::string value = kValid;
      value[at] = wrong;
      EXPECT_FALSE(is_valid(value)) << value;
    }
  }
}

TEST(TraceParents, WithoutAnIdAreNone) {
  EXPECT_FALSE(is_valid("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(is_valid("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
}

TEST(TraceParents, OfOurOwnAreValidWhateverTheNumbers) {
  const TraceParent own(0x0af7651916cd43ddU, 0x8448eb211c80319cU, 0xb7ad6b7169203331U, true);
  EXPECT_EQ(own.text(), kValid);
  const TraceParent zero(0, 0, 0, false);
  EXPECT_EQ(zero.text(), "00-00000000000000000000000000000001-0000000000000001-00");
  EXPECT_TRUE(is_valid(zero.text()));
  TraceParent other = own;
  other.set_span(15);
  EXPECT_EQ(other.trace_id(), kTrace);
  EXPECT_EQ(other.span_id(), "000000000000000f");
  EXPECT_TRUE(other.is_sampled());
}

TEST(TraceFieldsOfARequest, AreFoundInAnyCase) {
  const std::vector<Field> fields = {{"Host", "h"}, {"TraceParent", kValid}};
  EXPECT_EQ(find_trace(FieldView(fields)).parent->text(), kValid);
  EXPECT_FALSE(find_trace(FieldView()).parent);
}

TEST(TraceFieldsOfARequest, ThatComeTwiceSayNothing) {
  const std::vector<Field> twice = {{"traceparent", kValid}, {"traceparent", kValid}};
  EXPECT_FALSE(find_trace(FieldView(twice)).parent);
  const std::vector<Field> thrice = {
      {"traceparent", kValid}, {"traceparent", "x"}, {"traceparent", kValid}};
  EXPECT_FALSE(find_trace(FieldView(thrice)).parent);
  const std::vector<Field> joined = {{"traceparent", kValid}, {"Traceparent", ""}};
  EXPECT_FALSE(find_trace(FieldView(joined)).parent);
}

std::string state_with(const std::vector<std::string_view>& lines) {
  std::vector<Field> fields = {{"traceparent", kValid}};
  for (const std::string_view line : lines) {
    fields.push_back({"tracestate", line});
  }
  return find_trace(FieldView(fields)).state;
}

TEST(TraceStates, GoOnInTheirOrder) {
  EXPECT_EQ(state_with({"rojo=00f067aa0ba902b7"}), "rojo=00f067aa0ba902b7");
  EXPECT_EQ(state_with({"a=1, b=2", " ", "c=3"}), "a=1, b=2,c=3");
  EXPECT_EQ(state_with({"tenant@system=x y/z", "_=1"}), "") << "a key begins with a letter";
  EXPECT_EQ(state_with({"fw529a3039@dt=FfA/2;1"}), "fw529a3039@dt=FfA/2;1");
}

TEST(TraceStates, ThatAreMalformedOrTooLongAreLeftOutAsAWhole) {
  for (const char* wrong : {"a", "a=", "=1", "A=1", "a=1=2", "a=1,b", "a@b@c=1", "a=\x7f"}) {
    EXPECT_EQ(state_with({wrong}), "") << wrong;
    EXPECT_EQ(state_with({"ok=1", wrong}), "") << wrong;
  }
  EXPECT_EQ(state_with({"a=" + std::string(257, 'x')}), "");
  const std::string half = "a=" + std::string(250, 'x');
  EXPECT_EQ(state_with({half, half}).size(), 505U);
  EXPECT_EQ(state_with({half, half, "b=12345"}), "");
  const std::string longest = half + "," + half + ",b=1234";
  EXPECT_EQ(longest.size(), 512U);
  EXPECT_EQ(state_with({longest}), longest) << "in one field or in several";
  EXPECT_EQ(state_with({half, half, "b=1234"}), longest);
  std::string many = "a0=1";
  for (int i = 1; i < 32; ++i) {
    many += ",a" + std::to_string(i) + "=1";
  }
  EXPECT_EQ(state_with({many}), many);
  EXPECT_EQ(state_with({many + ",b=1"}), "");
}

TEST(TraceStates, BelongToAParent) {
  const std::vector<Field> alone = {{"tracestate", "a=1"}};
  EXPECT_EQ(find_trace(FieldView(alone)).state, "");
  const std::vector<Field> invalid = {{"traceparent", "x"}, {"tracestate", "a=1"}};
  EXPECT_EQ(find_trace(FieldView(invalid)).state, "");
}

}  // namespace
}  // namespace prefork::http
