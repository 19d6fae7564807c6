#include "server/http/known_field.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "server/http/field.h"

namespace prefork::http {
namespace {

std::vector<KnownField> all_names() {
  std::vector<KnownField> names;
  for (std::size_t i = 0; i < kKnownFieldCount; ++i) {
    names.push_back(static_cast<KnownField>(i));
  }
  return names;
}

KnownFields known_of(const std::vector<Field>& fields) {
  KnownFields known;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    known.add(known_field(fields[i].name), i);
  }
  return known;
}

TEST(KnownField, IsToldByItsNameInAnyCase) {
  for (const KnownField name : all_names()) {
    std::string text(name_of(name));
    EXPECT_EQ(known_field(text), name) << text;
    for (char& c : text) {
      c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      EXPECT_EQ(known_field(text), name) << text;
    }
  }
  EXPECT_EQ(known_field("X-Forwarded-For"), KnownField::x_forwarded_for);
  EXPECT_EQ(name_of(KnownField::other), "");
}

TEST(KnownField, IsNoneThatDiffersInOneByte) {
  for (const KnownField name : all_names()) {
    const std::string text(name_of(name));
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::string changed = text;
      for (const char c : std::string("!#$%&'*+-.^_`|~0aAzZ")) {
        changed[at] = c;
        EXPECT_EQ(known_field(changed), config::to_lower(c) == text[at] ? name : KnownField::other)
            << changed;
      }
    }
    EXPECT_EQ(known_field(text + "s"), KnownField::other);
    EXPECT_EQ(known_field("x" + text), KnownField::other);
    EXPECT_EQ(known_field(text.substr(1)), KnownField::other);
    EXPECT_EQ(known_field(text.substr(0, text.size() - 1)), KnownField::other);
  }
  EXPECT_EQ(known_field(""), KnownField::other);
  EXPECT_EQ(known_field("te"), KnownField::other);
  EXPECT_EQ(known_field(std::string(300, 'a')), KnownField::other);
}

TEST(KnownFields, FindWhatAViewWithoutThemFinds) {
  std::vector<Field> fields = {{"Host", "a"},   {"Accept", "b"}, {"X", "c"},
                               {"accept", "d"}, {"Range", ""},   {"HOST", "e"}};
  const FieldView plain(fields);
  const FieldView known(fields, known_of(fields));
  for (const KnownField name : all_names()) {
    SCOPED_TRACE(name_of(name));
    EXPECT_EQ(known.find(name), plain.find(name));
    EXPECT_EQ(known.has(name), plain.has(name));
    EXPECT_EQ(known.lines(name).count, plain.lines(name).count);
    EXPECT_EQ(known.lines(name).first, plain.lines(name).first);
    EXPECT_EQ(known.find(name_of(name)), plain.find(name));
    EXPECT_EQ(find_field(known.among(name), name_of(name)), plain.find(name));
  }
  EXPECT_EQ(known.find("x"), "c");
  EXPECT_EQ(known.among(KnownField::range).size(), 1U);
  EXPECT_EQ(known.among(KnownField::expect).size(), 0U);
  EXPECT_EQ(known.among(KnownField::host).size(), fields.size());
}

TEST(KnownFields, AreFoundBehindThreeHundredOthers) {
  std::vector<Field> fields(300, Field{"X", "v"});
  fields.push_back({"Host", "a"});
  fields.push_back({"Expect", "b"});
  const FieldView known(fields, known_of(fields));
  EXPECT_EQ(known.find(KnownField::host), "a");
  EXPECT_EQ(known.lines(KnownField::expect).only(), "b");
  EXPECT_FALSE(known.has(KnownField::range));
}

}  // namespace
}  // namespace prefork::http
