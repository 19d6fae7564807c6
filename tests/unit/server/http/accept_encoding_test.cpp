#include "server/http/accept_encoding.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::http {

void PrintTo(ContentCoding coding, std::ostream* out) { *out << coding_name(coding); }

namespace {

using namespace std::string_view_literals;
using Fields = std::vector<Field>;
using Codings = std::vector<ContentCoding>;

constexpr auto kIdentity = ContentCoding::identity;
constexpr auto kGzip = ContentCoding::gzip;
constexpr auto kBr = ContentCoding::br;
constexpr auto kZstd = ContentCoding::zstd;
constexpr std::nullopt_t kNone = std::nullopt;

const Codings kAll = {kBr, kZstd, kGzip, kIdentity};

TEST(AcceptEncoding, PicksTheBestOfWhatThereIs) {
  struct Case {
    std::string_view value;
    std::optional<ContentCoding> best;
  };
  const Case cases[] = {
      // The examples of RFC 9110 section 12.5.3.
      {"compress, gzip", kGzip},
      {"", kIdentity},
      {"*", kBr},
      {"compress;q=0.5, gzip;q=1.0", kGzip},
      {"gzip;q=1.0, identity; q=0.5, *;q=0", kGzip},
      // What browsers and curl send.
      {"gzip, deflate, br, zstd", kBr},
      {"gzip, deflate", kGzip},
      {"identity", kIdentity},
      // Weights win over the server's preference, which decides between equals.
      {"br;q=0.5, gzip;q=0.501", kGzip},
      {"br;q=0.001, gzip;q=0.0", kBr},
      {"gzip;q=0.8, br;q=0.8", kBr},
      {"gzip;q=0.3, identity;q=0.5", kIdentity},
      {"gzip, identity", kGzip},
      {"gzip;q=0.2, *;q=0.5", kBr},
      {"br;q=0, zstd;q=0, gzip;q=0.2, *;q=0.5", kIdentity},
      // Identity is acceptable unless refused, but the last choice where it is not named.
      {"gzip;q=0.001", kGzip},
      {"deflate", kIdentity},
      {"gzip;q=0, identity", kIdentity},
      {"gzip;q=0", kIdentity},
      {"identity;q=0", kNone},
      {"*;q=0", kNone},
      {"*;q=0, identity;q=0.1", kIdentity},
      {"*;q=0, gzip", kGzip},
      {"identity;q=0, gzip", kGzip},
      {"identity;q=0, *", kBr},
      // Names and "q" have no case; the old name of gzip.
      {"GZIP;Q=1", kGzip},
      {"x-gzip", kGzip},
      {"X-GZip;q=0.5, identity;q=0.4", kGzip},
      {"gzip ; q=0.5\t, identity ;\tq=0.4", kGzip},
      {",, gzip ,,", kGzip},
      // Named twice, the lower weight counts.
      {"gzip;q=0, gzip", kIdentity},
      {"gzip, x-gzip;q=0", kIdentity},
      {"*;q=0.5, *;q=0", kNone},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", c.value}}, kAll), c.best) << c.value;
  }
}

TEST(AcceptEncoding, IgnoresMalformedMembersOnly) {
  for (const std::string_view member :
       {"br;q=2"sv,     "br;q=1.001"sv,    "br;q=0.1234"sv,
        "br;q=.5"sv,    "br;q=-1"sv,       "br;q=+1"sv,
        "br;q="sv,      "br;q"sv,          "br;"sv,
        "br;q=1;x=y"sv, "br;level=1"sv,    "br;q=1e0"sv,
        "br q=1"sv,     "br;q =1"sv,       "br;q= 1"sv,
        "br;q=\"1\""sv, "br\0"sv,          "br;q=1\0"sv,
        "br;q=01"sv,    "br;q=1x"sv,       "br;;q=1"sv,
        "b r"sv,        "brr"sv,           "br/zstd"sv,
        "*br"sv,        "br;q=0.99\xB2"sv, "br;q=0000000000000000000000000000000000000001"sv}) {
    const std::string value = std::string(member) + ", gzip;q=0.1";
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", value}}, kAll), kGzip) << value;
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", member}}, kAll), kIdentity) << member;
  }
}

TEST(AcceptEncoding, TakesWeightsOfUpToThreeDigits) {
  for (const std::string_view weight : {"1", "1.", "1.0", "1.00", "1.000"}) {
    const std::string value = "gzip;q=" + std::string(weight) + ", br;q=0.999";
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", value}}, kAll), kGzip) << value;
  }
  for (const std::string_view weight : {"0", "0.", "0.0", "0.00", "0.000"}) {
    const std::string value = "br;q=" + std::string(weight);
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", value}}, kAll), kIdentity) << value;
  }
}

TEST(AcceptEncoding, WithoutTheFieldIdentityIsSentIfThereIsOne) {
  EXPECT_EQ(choose_coding({}, kAll), kIdentity);
  EXPECT_EQ(choose_coding({}, Codings{kGzip, kBr}), kGzip);
  EXPECT_EQ(choose_coding({}, {}), kNone);
}

TEST(AcceptEncoding, OffersNothingThatIsNotThere) {
  EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", "br"}}, Codings{kGzip}), kNone);
  EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", ""}}, Codings{kGzip}), kNone);
  EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", "br, gzip"}}, Codings{kGzip}), kGzip);
  EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", "br, gzip"}}, Codings{kIdentity}), kIdentity);
  EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", "*"}}, {}), kNone);
}

TEST(AcceptEncoding, SeveralLinesAreOneList) {
  EXPECT_EQ(
      choose_coding(
          Fields{{"Accept-Encoding", "br;q=0"}, {"X", "y"}, {"ACCEPT-ENCODING", "gzip, *;q=0"}},
          kAll),
      kGzip);
  EXPECT_EQ(choose_coding(Fields{{"Accept", "gzip"}}, kAll), kIdentity);
}

TEST(AcceptEncoding, HugeFieldsAreReadOnce) {
  constexpr std::size_t kSize = 1'000'000;
  for (const char c : {',', ';', ' ', '*', '=', 'g', '\0'}) {
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", std::string(kSize, c)}}, kAll), kIdentity);
    const std::string value = std::string(kSize, c) + ",gzip";
    EXPECT_EQ(choose_coding(Fields{{"Accept-Encoding", value}}, kAll), kGzip);
  }
}

TEST(AcceptEncoding, NamesAreThoseOfTheRegistry) {
  EXPECT_EQ(coding_name(kIdentity), "identity");
  EXPECT_EQ(coding_name(kGzip), "gzip");
  EXPECT_EQ(coding_name(kBr), "br");
  EXPECT_EQ(coding_name(kZstd), "zstd");
}

}  // namespace
}  // namespace prefork::http
