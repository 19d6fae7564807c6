#include "server/http/field.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

namespace prefork::http {
namespace {

constexpr std::array<Field, 4> kFields = {
    {{"Host", "a"}, {"ACCEPT", "b"}, {"accept", "c"}, {"X-Empty", ""}}};

TEST(FieldView, FindsTheFirstFieldOfANameInAnyCase) {
  const FieldView fields(kFields);
  EXPECT_EQ(fields.find("host"), "a");
  EXPECT_EQ(fields.find("accept"), "b");
  EXPECT_EQ(fields.find("x-empty"), "");
  EXPECT_EQ(fields.find("hos"), std::nullopt);
  EXPECT_EQ(FieldView().find("host"), std::nullopt);
}

TEST(FieldView, ASingleValueIsOneThatCameOnce) {
  const FieldView fields(kFields);
  EXPECT_EQ(fields.lines("host").only(), "a");
  EXPECT_EQ(fields.lines("accept").only(), std::nullopt);
  EXPECT_EQ(fields.lines("accept").count, 2U);
  EXPECT_EQ(fields.lines("accept").first, "b");
  EXPECT_EQ(fields.lines("range").count, 0U);
  EXPECT_EQ(fields.lines("range").only(), std::nullopt);
}

TEST(FieldView, IsMadeOfWhateverHoldsFields) {
  const std::vector<Field> vector(kFields.begin(), kFields.end());
  FieldView fields = vector;
  EXPECT_EQ(fields.data(), vector.data());
  fields = std::span<const Field>(vector).first(2);
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.back().value, "b");
}

}  // namespace
}  // namespace prefork::http
