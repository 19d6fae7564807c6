#include "server/http/target.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

struct Accepted {
  Method method;
  std::string_view text;
  std::string_view path;
  std::string_view query;
  std::string_view authority;
};

TEST(Target, AcceptsEachFormWithItsMethod) {
  const std::vector<Accepted> cases = {
      {Method::get, "/", "/", "", ""},
      {Method::get, "/a/b?c=d&e", "/a/b", "c=d&e", ""},
      {Method::get, "/?", "/", "", ""},
      {Method::get, "/a?b?c", "/a", "b?c", ""},
      {Method::get, "//a//b", "//a//b", "", ""},
      {Method::get, "/a?b\\c", "/a", "b\\c", ""},
      {Method::get, "/a%5Cb", "/a\\b", "", ""},
      {Method::get, "/.well-known/x", "/.well-known/x", "", ""},
      {Method::get, "http://a/", "/", "", "a"},
      {Method::get, "HTTPS://A:80/x?y", "/x", "y", "A:80"},
      {Method::get, "http://a", "/", "", "a"},
      {Method::get, "http://a?q", "/", "q", "a"},
      {Method::get, "http://[::1]:8080/x", "/x", "", "[::1]:8080"},
      {Method::options, "*", "*", "", ""},
      {Method::options, "http://a", "*", "", "a"},
      {Method::options, "http://a/", "/", "", "a"},
      {Method::options, "http://a?q", "/", "q", "a"},
      {Method::connect, "a:443", "", "", "a:443"},
      {Method::connect, "[::1]:443", "", "", "[::1]:443"},
  };
  for (const Accepted& accepted : cases) {
    SCOPED_TRACE(accepted.text);
    Target target;
    std::string storage;
    EXPECT_EQ(parse_target(accepted.method, accepted.text, target, storage), nullptr);
    EXPECT_EQ(target.path, accepted.path);
    EXPECT_EQ(target.query, accepted.query);
    EXPECT_EQ(target.authority, accepted.authority);
  }
}

TEST(Target, RefusesWhatIsInNoKnownForm) {
  const std::vector<std::pair<Method, std::string_view>> cases = {
      {Method::get, ""},
      {Method::get, "x"},
      {Method::get, "*"},
      {Method::get, "a:80"},
      {Method::get, "ftp://a/"},
      {Method::get, "http:/a/"},
      {Method::get, "http://"},
      {Method::get, "http:///x"},
      {Method::get, "http://:80/"},
      {Method::get, "http://u:p@a/"},
      {Method::get, "http://a:8x/"},
      {Method::get, "http://[::1/"},
      {Method::get, "/x#f"},
      {Method::get, "/a b"},
      {Method::get, "/a\x7F"},
      {Method::get, "/a\\b"},
      {Method::get, "http://a/..\\b"},
      {Method::get, "/caf\xC3\xA9"},
      {Method::get, "/a\0b"sv},
      {Method::options, "**"},
      {Method::connect, "a"},
      {Method::connect, "a:"},
      {Method::connect, "[::1]"},
      {Method::connect, "[::1]:"},
      {Method::connect, "/"},
      {Method::connect, "http://a:80/"},
  };
  for (const auto& [method, text] : cases) {
    SCOPED_TRACE(text);
    Target target;
    std::string storage;
    EXPECT_NE(parse_target(method, text, target, storage), nullptr);
  }
}

TEST(Target, IsJudgedByEachOfItsCharacters) {
  for (int c = 0; c < 256; ++c) {
    const auto character = static_cast<char>(c);
    const bool is_forbidden = c <= 0x20 || c >= 0x7F || character == '#';
    for (const std::string_view before :
         {"/path", "/path?query", "/path?query?", "http://a/path"}) {
      const bool in_query = before.find('?') != std::string_view::npos;
      // "%zo" is no escape.
      const bool is_valid = !is_forbidden && (in_query || (character != '\\' && character != '%'));
      Target target;
      std::string storage;
      const std::string text = std::string(before) + character + "zone";
      EXPECT_EQ(parse_target(Method::get, text, target, storage) == nullptr, is_valid)
          << "character " << c << " behind " << before;
    }
  }
}

TEST(Target, TheDecodedPathLiesInTheStorageAndAPlainOneDoesNot) {
  Target target;
  std::string storage;
  const std::string plain = "/plain?x";
  ASSERT_EQ(parse_target(Method::get, plain, target, storage), nullptr);
  EXPECT_EQ(target.path.data(), plain.data());
  const std::string escaped = "/a%20b?c%20d";
  ASSERT_EQ(parse_target(Method::get, escaped, target, storage), nullptr);
  EXPECT_EQ(target.path.data(), storage.data());
  EXPECT_EQ(target.path, "/a b");
  EXPECT_EQ(target.query, "c%20d") << "the query is the application's to decode";
}

struct Normalized {
  std::string_view raw;
  std::string_view path;
};

TEST(Target, DecodesOnceAndRemovesDotSegments) {
  const std::vector<Normalized> cases = {
      {"/", "/"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../", "/a/"},
      {"/a/.", "/a/"},
      {"/.", "/"},
      {"/a/..", "/"},
      {"/a//../b", "/a/b"},
      {"/a/b/c/./../../g", "/a/g"},
      {"/static/./x/../big.txt", "/static/big.txt"},
      {"/...", "/..."},
      {"/..a/.b/c..", "/..a/.b/c.."},
      {"/%41%7a%7A", "/Azz"},
      {"/a/x%2Fy/../b", "/a/b"},
      {"/%252e%252e/x", "/%2e%2e/x"},
      {"/a%00b"sv.substr(0, 2), "/a"},
      {"/caf%c3%a9", "/caf\xC3\xA9"},
      {"/a%20%2B+", "/a ++"},
  };
  for (const Normalized& normalized : cases) {
    SCOPED_TRACE(normalized.raw);
    std::string path = "left from before";
    EXPECT_EQ(normalize_path(normalized.raw, path), nullptr);
    EXPECT_EQ(path, normalized.path);
  }
}

TEST(Target, DividesThePathBeforeItIsDecoded) {
  const std::vector<Accepted> cases = {
      {Method::get, "/a%2Fb/c", "/a/b/c", "", ""},
      {Method::get, "/a/b%2fc?d%2Fe", "/a/b/c", "d%2Fe", ""},
      {Method::get, "/%2F", "//", "", ""},
      {Method::get, "http://a/b%2Fc", "/b/c", "", "a"},
      {Method::get, "/..a%2F...%2F.b/%2F%2F", "/..a/.../.b///", "", ""},
  };
  const std::vector<std::string_view> segments = {"/a\0b/c"sv, "/a/b\0c"sv, "/\0"sv, "/b\0c"sv,
                                                  "/..a\0...\0.b/\0\0"sv};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].text);
    Target target;
    std::string storage = "left from before";
    EXPECT_EQ(parse_target(cases[i].method, cases[i].text, target, storage), nullptr);
    EXPECT_EQ(target.path, cases[i].path);
    EXPECT_EQ(target.segments, segments[i]);
    EXPECT_EQ(target.query, cases[i].query);
    EXPECT_EQ(target.authority, cases[i].authority);
  }
  Target target;
  std::string storage;
  EXPECT_EQ(parse_target(Method::get, "/a%20b/c", target, storage), nullptr);
  EXPECT_TRUE(target.segments.empty()) << "the path itself";
}

// What is in front of the server, or looks at the target as it was sent, did not see them.
TEST(Target, RefusesDotSegmentsThatOnlyDecodingShows) {
  for (const std::string_view raw :
       {"/x/..%2fadmin/secret", "/x/a%2F..", "/x/a%2F..%2Fb", "/x/%2F..%2F", "/x%2F.", "/.%2Fx",
        "/x/%2e%2e/y", "/x/.%2E", "/x/%2e", "/a%2fb%2f..%2fc", "/%2e%2e", "/x/%2e./y",
        "/x/..%2F"}) {
    SCOPED_TRACE(raw);
    Target target;
    std::string storage;
    EXPECT_NE(parse_target(Method::get, raw, target, storage), nullptr) << "gave " << target.path;
  }
}

TEST(Target, RefusesBadEscapesControlsAndPathsAboveTheRoot) {
  for (const std::string_view raw :
       {"/%", "/%4", "/%zz", "/%4z", "/a%", "/%00", "/a%00.html", "/a%0d%0ab", "/%1F", "/%7f",
        "/..", "/../", "/../../etc/passwd", "/a/../..", "/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2f..%2fetc/passwd", "/./.."}) {
    SCOPED_TRACE(raw);
    std::string path;
    EXPECT_NE(normalize_path(raw, path), nullptr) << "gave " << path;
  }
}

// A view that ends where its memory ends: a sanitizer sees any look beyond.
TEST(Target, NeverLooksBehindTheEndOfATruncatedEscape) {
  for (const std::string_view text : {"/%", "/a%4", "http://a%", "http://a%4"}) {
    const std::unique_ptr<char[]> exact(new char[text.size()]);
    std::memcpy(exact.get(), text.data(), text.size());
    Target target;
    std::string storage;
    EXPECT_NE(parse_target(Method::get, {exact.get(), text.size()}, target, storage), nullptr);
  }
}

TEST(Authority, AcceptsNamesAddressesAndPorts) {
  for (const std::string_view text :
       {"a", "a:", "a:0", "a:80", "a:65535", "a.b-c_d~e", "127.0.0.1:8000", "[::1]", "[::1]:80",
        "[2001:db8::7]", "a%41", "EXAMPLE.com", "[::ffff:127.0.0.1]", "[v1.a:b]"}) {
    EXPECT_TRUE(is_valid_authority(text)) << text;
  }
}

TEST(Authority, RefusesUserinfoPathsListsAndBadPorts) {
  for (const std::string_view text :
       {"",        ":80",           "a b",         "a/b",   "u@a", "u:p@a", "a:8x",
        "a:65536", "a:99999999999", "a:80:80",     "a, b",  "a,b", "[::1",  "[]",
        "[::1]x",  "[::1]80",       "::1",         "[a b]", "a%",  "a%4",   "a%zz",
        "a\x01",   "a\\b",          "caf\xC3\xA9", "a\tb",  "a?",  "a#"}) {
    EXPECT_FALSE(is_valid_authority(text)) << text;
  }
}

TEST(Authority, RefusesBracketsAroundAnythingButAnAddress) {
  for (const std::string_view text :
       {"[:]", "[a:b]", "[,::1]", "[::1,::2]", "[1::2::3]", "[12345::]", "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[::1.2.3]", "[::%65th0]", "[127.0.0.1]", "[v.a]", "[v1]", "[v1.]",
        "[vx.a]", "[v1.a,b]", "[v", "[v]"}) {
    EXPECT_FALSE(is_valid_authority(text)) << text;
  }
  EXPECT_FALSE(is_valid_authority("[::1\0]"sv)) << "text after a NUL is not ignored";
  EXPECT_FALSE(is_valid_authority("[" + std::string(1000, ':') + "]"));
}

}  // namespace
}  // namespace prefork::http
