// The parser of multipart/form-data: what it understands, what it refuses, and that it does not
// matter how the bytes were cut.
#include <gtest/gtest.h>

#include <prefork/multipart.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/server/include/plain_multipart.h"

namespace prefork {
namespace {

using detail::MultipartParser;
using testing_include::PlainForm;
using testing_include::PlainPart;
using testing_include::read_plainly;

constexpr std::size_t kPartHeadLimit = 8192;

// What came of a body; equal however it was cut.
struct ParsedForm {
  std::string problem;
  int status = 200;
  std::vector<PlainPart> parts;
  friend bool operator==(const ParsedForm&, const ParsedForm&) = default;
};

void PrintTo(const ParsedForm& parsed, std::ostream* out) {
  *out << parsed.status << " " << parsed.problem;
  for (const PlainPart& part : parsed.parts) {
    *out << " {" << part.name << "|" << part.filename.value_or("-") << "|" << part.content_type
         << "|" << testing::PrintToString(part.content) << "}";
  }
}

// Feeds pieces that lie in memory of exactly their size, each freed before the next one.
ParsedForm parse_pieces(const std::vector<std::string_view>& pieces, const std::string& boundary,
                        std::size_t head_limit = kPartHeadLimit) {
  ParsedForm parsed;
  MultipartParser parser(boundary, head_limit);
  std::unique_ptr<char[]> exact;
  std::size_t next = 0;
  try {
    for (;;) {
      switch (parser.next()) {
        case MultipartParser::Event::more:
          if (next == pieces.size()) {
            parser.finish();
            return parsed;
          }
          exact.reset(new char[pieces[next].size()]);
          std::copy(pieces[next].begin(), pieces[next].end(), exact.get());
          parser.feed({exact.get(), pieces[next].size()});
          ++next;
          break;
        case MultipartParser::Event::part:
          parsed.parts.push_back(
              {parser.head().name, parser.head().filename, parser.head().content_type, ""});
          break;
        case MultipartParser::Event::data:
          EXPECT_FALSE(parser.data().empty());
          parsed.parts.back().content.append(parser.data());
          break;
        case MultipartParser::Event::part_end:
        case MultipartParser::Event::end:
          break;
      }
    }
  } catch (const Error& error) {
    parsed.problem = error.what();
    parsed.status = error.status();
  }
  return parsed;
}

std::string part_text(const std::string& disposition, const std::string& content,
                      const std::string& more_fields = "") {
  return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n" + more_fields + "\r\n" +
         content + "\r\n";
}

const std::string kLastBoundary = "--b--\r\n";

std::string disposition_problem(const std::string& disposition) {
  return parse_pieces({part_text(disposition, "x") + kLastBoundary}, "b").problem;
}

// What a head says its part's name and that of its file are.
std::string names_of(const std::string& disposition) {
  const ParsedForm parsed = parse_pieces({part_text(disposition, "x") + kLastBoundary}, "b");
  return parsed.parts.empty()
             ? "broken: " + parsed.problem
             : parsed.parts.front().name + "|" + parsed.parts.front().filename.value_or("-");
}

TEST(Multipart, IsReadAsBrowsersWriteIt) {
  const std::string boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
  const std::string body =
      "--" + boundary + "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na title\r\n--" +
      boundary +
      "\r\nContent-Disposition: form-data; name=\"photo\"; "
      "filename=\"a b.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xFF\xD8\r\n\r\n--x\r\n--" +
      boundary + "--\r\n";
  const std::vector<PlainPart> expected = {
      {"title", std::nullopt, "", "a title"},
      {"photo", "a b.jpg", "image/jpeg", "\xFF\xD8\r\n\r\n--x"},
  };
  EXPECT_EQ(parse_pieces({body}, boundary), (ParsedForm{"", 200, expected}));
}

TEST(Multipart, MayHaveNoPartsAndPartsWithoutContent) {
  EXPECT_EQ(parse_pieces({"--b--"}, "b"), ParsedForm{});
  EXPECT_EQ(parse_pieces({part_text("name=a", "") + kLastBoundary}, "b"),
            (ParsedForm{"", 200, {{"a", std::nullopt, "", ""}}}));
  // The line end of the head is the delimiter's (RFC 2046 section 5.1.1).
  EXPECT_EQ(parse_pieces({"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--"}, "b"),
            (ParsedForm{"", 200, {{"a", std::nullopt, "", ""}}}));
}

TEST(Multipart, MayHaveAPreambleAnEpilogueAndWhiteSpaceBehindBoundaries) {
  EXPECT_EQ(parse_pieces({"this is\r\nno part\r\n--b \t\r\nContent-Disposition: form-data; "
                          "name=\"a\"\r\n\r\nx\r\n--b-- \r\nnothing\r\n--b\r\n"},
                         "b"),
            (ParsedForm{"", 200, {{"a", std::nullopt, "", "x"}}}));
}

TEST(Multipart, HasNamesAsBrowsersEscapeThem) {
  EXPECT_EQ(names_of(R"(name="a")"), "a|-");
  EXPECT_EQ(names_of(R"(name=a; filename=b)"), "a|b");
  EXPECT_EQ(names_of(R"(filename="b" ;name = "a";)"), "a|b");
  EXPECT_EQ(names_of(R"(name="a%22%0D%0Ab%41%"; filename="%0d%0a%2")"), "a\"\r\nb%41%|\r\n%2");
  EXPECT_EQ(names_of(R"(name="a;b=c"; filename="C:\dir\a.txt")"), "a;b=c|C:\\dir\\a.txt");
  EXPECT_EQ(names_of(R"(name="a\"b\\c")"), R"(a"b\c|-)");
  EXPECT_EQ(names_of("name=\"\xC3\xA4\"; filename=\"\xE2\x82\xAC.txt\""),
            "\xC3\xA4|\xE2\x82\xAC.txt");
  EXPECT_EQ(names_of(R"(name=""; filename="")"), "|");
  EXPECT_EQ(names_of(R"(NAME="a"; FileName="b"; other=c)"), "a|b");
}

TEST(Multipart, ToleratesTheNameOfAFileThatFormsShouldNotHave) {
  EXPECT_EQ(names_of("name=a; filename*=UTF-8''na%C3%AFve+1%.txt"), "a|na\xC3\xAFve+1%.txt");
  EXPECT_EQ(names_of("name=a; filename=b; filename*=utf-8'en'c"), "a|b");
  EXPECT_EQ(names_of("name=a; filename*=utf-8'en'c; filename=b"), "a|b");
  EXPECT_EQ(names_of("name=a; filename*=iso-8859-1''%E4"), "a|");
  EXPECT_EQ(names_of("name=a; filename*=utf-8"), "a|");
  EXPECT_EQ(names_of("name=a; filename*=utf-8'x"), "a|");
}

TEST(Multipart, RefusesDispositionsThatTwoReadersMayReadDifferently) {
  const std::string at = "the form is broken at byte ";
  EXPECT_EQ(disposition_problem("name=a; name=b"), at + "55: a part has two names");
  EXPECT_EQ(disposition_problem("name=a; filename=a; filename=b"),
            at + "71: a part has two names of files");
  EXPECT_EQ(disposition_problem("filename=a"), at + "51: a part has no name");
  for (const char* broken : {"name=\"a", "name=\"a\"b", "name=a b\"c", "name", "na me=a", "=a",
                             "name=a;;=b", "name=;filename=b", "name=\"a\" filename=\"b\""}) {
    EXPECT_TRUE(
        disposition_problem(broken).ends_with("the Content-Disposition of a part cannot be read"))
        << broken << ": " << disposition_problem(broken);
  }
}

TEST(Multipart, RefusesHeaderSectionsThatAreNone) {
  const auto problem = [](const std::string& head) {
    const std::string said = parse_pieces({"--b\r\n" + head + "\r\n\r\nx\r\n--b--"}, "b").problem;
    return said.substr(std::min(said.size(), said.find(": ") + 2));
  };
  const std::string disposition = "Content-Disposition: form-data; name=a";
  EXPECT_EQ(problem(disposition), "");
  EXPECT_EQ(problem(disposition + "\r\nX-Other: y\r\ncontent-transfer-encoding: Binary"), "");
  EXPECT_EQ(problem("X: y"), "a part has no Content-Disposition");
  EXPECT_EQ(problem(""), "a part has no Content-Disposition");
  EXPECT_EQ(problem("Content-Disposition: attachment; name=a"),
            "the Content-Disposition of a part is not form-data");
  EXPECT_EQ(problem(disposition + "\r\n" + disposition), "a part has two Content-Dispositions");
  EXPECT_EQ(problem(disposition + "\r\nContent-Transfer-Encoding: base64"),
            "a part has a Content-Transfer-Encoding (RFC 7578 section 4.7)");
  for (const char* line : {"no field", ": y", "X : y", " folded: y", "\tfolded"}) {
    EXPECT_EQ(problem(disposition + "\r\n" + line),
              "a line in the header section of a part is no field")
        << line;
  }
  for (const std::string& line :
       {std::string("X: a\nb"), std::string("X: a\rb"), std::string("X: \x7F"),
        std::string("X: \0", 4), std::string("X\x01: y")}) {
    EXPECT_EQ(problem(disposition + "\r\n" + line),
              "a control character in the header section of a part")
        << line;
  }
}

TEST(Multipart, SaysWhatIsBrokenAndWhere) {
  const std::string at = "the form is broken at byte ";
  const auto problem = [](const std::string& body) { return parse_pieces({body}, "b").problem; };
  EXPECT_EQ(problem(""), at + "0: the boundary that Content-Type names is not in it");
  EXPECT_EQ(problem("--c--"), at + "5: the boundary that Content-Type names is not in it");
  EXPECT_EQ(problem(std::string(kPartHeadLimit + 6, 'x')),
            at + "0: it does not begin with the boundary that Content-Type names");
  EXPECT_EQ(problem("--bc\r\n"), at + "3: something stands behind a boundary");
  EXPECT_EQ(problem("--b\n"), at + "3: something stands behind a boundary");
  EXPECT_EQ(problem("--b -\r\n"), at + "4: something stands behind a boundary");
  EXPECT_EQ(problem("--b-c"), at + "4: something stands behind a boundary");
  EXPECT_EQ(problem("--b\rc"), at + "4: something stands behind a boundary");
  EXPECT_EQ(problem("--b--c"), at + "5: something stands behind the last boundary");
  EXPECT_EQ(problem("--b"), at + "3: it ends within the header section of a part");
  EXPECT_EQ(problem("--b-"), at + "4: it ends within the header section of a part");
  EXPECT_EQ(problem("--b\r\nX: y"), at + "9: it ends within the header section of a part");
  const std::string open = part_text("name=a", "some content\r\n--");
  EXPECT_EQ(problem(open), at + std::to_string(open.size()) + ": it ends within a part");
  for (const std::string& body : {std::string(""), std::string("--b--c"), open}) {
    EXPECT_EQ(parse_pieces({body}, "b").status, 400);
  }
}

TEST(Multipart, LimitsTheHeaderSectionOfAPart) {
  const std::string body = part_text("name=a", "x") + kLastBoundary;
  const std::size_t head = body.find("\r\n\r\n") + 4 - 5;
  EXPECT_EQ(parse_pieces({body}, "b", head).status, 200);
  const ParsedForm refused = parse_pieces({body}, "b", head - 1);
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.problem,
            "the header section of a part has more than " + std::to_string(head - 1) + " bytes");
}

TEST(Multipart, TakesBoundariesAsRfc2046HasThem) {
  const auto boundary = [](const std::string& parameters) {
    return detail::boundary_of("multipart/form-data" + parameters).value_or("none");
  };
  EXPECT_EQ(boundary("; boundary=abc"), "abc");
  EXPECT_EQ(boundary(" ;charset=utf-8; BOUNDARY=\"a b'()+_,-./:=?\""), "a b'()+_,-./:=?");
  EXPECT_EQ(boundary("; boundary=" + std::string(70, 'x')), std::string(70, 'x'));
  for (const std::string& wrong :
       {std::string(), std::string("; boundary="), std::string("; boundary=\"\""),
        std::string("; boundary=\"a \""), std::string("; boundary=a*b"),
        std::string("; boundary=a; boundary=b"), std::string("; boundary=\"a"),
        "; boundary=" + std::string(71, 'x'), std::string("; boundary=\"a\r\"")}) {
    EXPECT_EQ(boundary(wrong), "none") << wrong;
  }
}

// Bodies that are hard to cut.
std::vector<std::string> bodies_to_cut() {
  const std::string near = "\r\n--c\r\r\n-\r\n--\r\n\r\n--";
  return {
      part_text("name=\"a\"", near) + part_text("name=b; filename=\"c\"", "\r" + near + "\r\n--") +
          kLastBoundary,
      "before" + near + "--b --\r\n",
      "x\r\n" + part_text("name=a", "", "Content-Type: text/plain\r\n") + "--b--\r\nbehind\r\n--b",
      "--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n--b\r\nContent-Disposition: "
      "form-data; name=b\r\n\r\n\r\n--b\r\n\r\n",
      part_text("name=a", "\r\n--bx"),
      part_text("name=a", "x") + "--b-\r\n",
      part_text("name=a", "--bx") + kLastBoundary,
      part_text("name=a", "-\r\n--\r\n--") + "--b--x",
      "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx",
      "--b\r\nContent-Disposition: form-data; name=abcdefghijklmnopqrstuvwxyz\r\n\r\nx\r\n--b--",
      std::string(70, '\r') + kLastBoundary,
      std::string(56, '\r') + "\n" + kLastBoundary,
  };
}

TEST(Multipart, IsTheSameHoweverItIsCut) {
  constexpr std::size_t kSmall = 58;  // some reach it
  for (const std::string& body : bodies_to_cut()) {
    const std::string_view all = body;
    const ParsedForm whole = parse_pieces({all}, "b", kSmall);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) {
      bytes.push_back(all.substr(i, 1));
      bytes.push_back({});
    }
    ASSERT_EQ(parse_pieces(bytes, "b", kSmall), whole) << "byte by byte: " << body;
    for (std::size_t first = 0; first <= all.size(); ++first) {
      for (std::size_t second = first; second <= std::min(first + 8, all.size()); ++second) {
        const ParsedForm cut = parse_pieces(
            {all.substr(0, first), all.substr(first, second - first), all.substr(second)}, "b",
            kSmall);
        ASSERT_EQ(cut, whole) << "cut at " << first << " and " << second << ": " << body;
      }
    }
  }
}

// Bodies of chance, made of what delimiters are made of, against a reader that has all at hand.
TEST(Multipart, IsWhatAPlainReaderFinds) {
  std::mt19937 random(7);
  const std::vector<std::string> words = {"\r\n--b",
                                          "--b",
                                          "\r\n",
                                          "\r",
                                          "\n",
                                          "-",
                                          "--",
                                          "b",
                                          "x",
                                          " ",
                                          "\r\nContent-Disposition: form-data; name=a\r\n\r\n",
                                          "content"};
  int accepted = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string body =
        round % 2 == 0 ? "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" : "";
    for (auto count = random() % 12; count > 0; --count) {
      body += words[random() % words.size()];
    }
    body += round % 3 == 0 ? "\r\n--b--" : "";
    const PlainForm plain = read_plainly(body, "b");
    std::vector<std::string_view> pieces;
    for (std::string_view rest = body; !rest.empty();) {
      pieces.push_back(rest.substr(0, 1 + random() % 9));
      rest.remove_prefix(pieces.back().size());
    }
    const ParsedForm parsed = parse_pieces(pieces, "b");
    ASSERT_EQ(parsed.status != 200, plain.is_broken) << testing::PrintToString(body);
    if (!plain.is_broken) {
      ASSERT_EQ(parsed.parts, plain.parts) << testing::PrintToString(body);
      ++accepted;
    }
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace prefork
