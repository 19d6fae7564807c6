// Who the client is. The proxies are 10.0.0.0/8 and peers on Unix sockets; the direct peer is
// 10.0.0.1 where a test does not say otherwise.
#include "server/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/http/address.h"

namespace prefork::http {
namespace {

using Fields = std::vector<Field>;

config::IpNetworks proxies() {
  config::IpNetworks networks;
  EXPECT_TRUE(networks.add("10.0.0.0/8,unix").ok());
  return networks;
}

std::string origin_of(const Fields& fields, std::string_view peer = "10.0.0.1:5",
                      const config::IpNetworks& trusted = proxies()) {
  const ForwardedOrigin origin = forwarded_origin(fields, parse_node(peer).value(), trusted);
  return (origin.scheme == Scheme::https ? "https " : "http ") + ipc::to_string(origin.client);
}

struct ForwardedCase {
  Fields fields;
  const char* origin;
};

void expect_origins(const std::vector<ForwardedCase>& cases) {
  for (const ForwardedCase& one : cases) {
    std::string trace;
    for (const Field& field : one.fields) {
      trace += std::string(field.name) + ": " + std::string(field.value) + "\n";
    }
    EXPECT_EQ(origin_of(one.fields), one.origin) << trace;
  }
}

TEST(Forwarded, IsThePeerWhereNothingIsForwarded) {
  EXPECT_EQ(origin_of({}), "http 10.0.0.1:5");
  EXPECT_EQ(origin_of({{"Host", "a"}, {"X-Forwarded-Host", "b"}, {"X-Forwarded", "for=192.0.2.1"}}),
            "http 10.0.0.1:5");
}

TEST(Forwarded, IsThereWhereOneOfTheThreeFieldsIs) {
  for (const char* const name :
       {"X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-PROTO", "Forwarded", "forwarded"}) {
    EXPECT_TRUE(has_forwarded_field(Fields{{"Host", "a"}, {name, ""}})) << name;
  }
  EXPECT_FALSE(has_forwarded_field(Fields{}));
  EXPECT_FALSE(has_forwarded_field(Fields{{"Host", "a"},
                                          {"Accept-Encoding", "gzip"},
                                          {"X-Forwarded-Host", "b"},
                                          {"X-Forwarded", "for=192.0.2.1"},
                                          {"Forwardet", "for=192.0.2.1"}}));
}

TEST(Forwarded, IsNotBelievedOfSomebodyElse) {
  const Fields fields = {{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(origin_of(fields, "203.0.113.9:5"), "http 203.0.113.9:5");
  EXPECT_EQ(origin_of(fields, "[2001:db8::1]:5"), "http [2001:db8::1]:5");
  EXPECT_EQ(origin_of({{"Forwarded", "for=192.0.2.1;proto=https"}}, "203.0.113.9:5"),
            "http 203.0.113.9:5");
  EXPECT_EQ(origin_of(fields, "10.0.0.1:5", config::IpNetworks()), "http 10.0.0.1:5");
}

TEST(Forwarded, IsBelievedOfAProxyOnAUnixSocketAndOfAMappedOne) {
  const Fields fields = {{"X-Forwarded-For", "192.0.2.1"}};
  EXPECT_EQ(origin_of(fields, "unix:"), "http 192.0.2.1:0");
  EXPECT_EQ(origin_of(fields, "::ffff:10.0.0.1"), "http 192.0.2.1:0");
}

TEST(XForwardedFor, IsWalkedFromTheRightPastTrustedProxies) {
  expect_origins({
      {{{"X-Forwarded-For", "192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"x-FORWARDED-for", "192.0.2.1:80"}}, "http 192.0.2.1:80"},
      {{{"X-Forwarded-For", "2001:db8::1"}}, "http [2001:db8::1]:0"},
      {{{"X-Forwarded-For", "[2001:db8::1]:80"}}, "http [2001:db8::1]:80"},
      {{{"X-Forwarded-For", "198.51.100.1, 192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "198.51.100.1,192.0.2.1,10.0.0.2"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "192.0.2.1, 10.0.0.3 , 10.0.0.2"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "192.0.2.1, unix:"}}, "http 192.0.2.1:0"},
      // All are trusted: the leftmost is the client.
      {{{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}, "http 10.0.0.3:0"},
      // Several lines are one list.
      {{{"X-Forwarded-For", "192.0.2.1"}, {"Host", "a"}, {"X-Forwarded-For", "10.0.0.2"}},
       "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-For", "192.0.2.1"}}, "http 192.0.2.1:0"},
      // Empty entries are none.
      {{{"X-Forwarded-For", "192.0.2.1,, ,10.0.0.2,"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-For", ""}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", ""}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", " , "}}, "http 10.0.0.1:5"},
  });
}

TEST(XForwardedFor, EndsWhereNobodyKnowsTheAddress) {
  expect_origins({
      {{{"X-Forwarded-For", "unknown"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.2"}}, "http 10.0.0.2:0"},
      {{{"X-Forwarded-For", "192.0.2.1, _hidden"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", "nonsense"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", "192.0.2.256"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", "192.0.2.1 192.0.2.2"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-For", "\"192.0.2.1\""}}, "http 10.0.0.1:5"},
  });
}

TEST(XForwardedFor, IsNotSpoiledByWhatTheClientWroteBefore) {
  expect_origins({
      {{{"X-Forwarded-For", "nonsense, 192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "\", 192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "\"\\"}, {"X-Forwarded-For", "192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "10.0.0.9, 192.0.2.1, 10.0.0.2"}}, "http 192.0.2.1:0"},
  });
}

TEST(XForwardedFor, IsFollowedForALimitedNumberOfHops) {
  std::string chain = "192.0.2.1";
  for (std::size_t hop = 1; hop < kMaxForwardedHops; ++hop) {
    chain += ", 10.0.1." + std::to_string(hop);
  }
  EXPECT_EQ(origin_of({{"X-Forwarded-For", chain}}), "http 192.0.2.1:0");
  EXPECT_EQ(origin_of({{"X-Forwarded-For", chain + ", 10.0.0.2"}}), "http 10.0.1.1:0");
}

TEST(XForwardedProto, IsWhatTheOutermostTrustedProxySaid) {
  const auto both = [](const char* addresses, const char* schemes) {
    return origin_of({{"X-Forwarded-For", addresses}, {"X-Forwarded-Proto", schemes}});
  };
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "https, http"), "https 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "http, https"), "http 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "https"), "https 192.0.2.1:0") << "passed on as it came";
  EXPECT_EQ(both("192.0.2.1, 10.0.0.8, 10.0.0.9", "https, http, http"), "https 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "https, http, http"), "http 192.0.2.1:0")
      << "written by the client";
  EXPECT_EQ(both("10.0.0.9, 192.0.2.1", "https, http"), "http 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "https, gopher"), "http 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "gopher, https"), "https 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, 10.0.0.9", "https,, http,"), "https 192.0.2.1:0");
  EXPECT_EQ(both("192.0.2.1, unknown, 10.0.0.9", "https, http, http"), "http 10.0.0.9:0");
  EXPECT_EQ(origin_of({{"X-Forwarded-Proto", "https"},
                       {"X-Forwarded-For", "192.0.2.1, 10.0.0.9"},
                       {"X-Forwarded-Proto", "http"}}),
            "https 192.0.2.1:0");
}

TEST(XForwardedProto, IsWhatTheDirectPeerSaidWhereNoAddressIsFollowed) {
  expect_origins({
      {{{"X-Forwarded-Proto", "https"}}, "https 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "HTTPS"}, {"X-Forwarded-For", "192.0.2.1"}}, "https 192.0.2.1:0"},
      {{{"X-Forwarded-Proto", "http"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "https, http"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "http, https"}}, "https 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "gopher"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", "https, gopher"}}, "http 10.0.0.1:5"},
      {{{"X-Forwarded-Proto", ""}}, "http 10.0.0.1:5"},
      // Known although the address is not.
      {{{"X-Forwarded-Proto", "https"}, {"X-Forwarded-For", "unknown"}}, "https 10.0.0.1:5"},
  });
}

TEST(ForwardedField, IsReadAsRfc7239Says) {
  expect_origins({
      {{{"Forwarded", "for=192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "For=\"192.0.2.1:4711\""}}, "http 192.0.2.1:4711"},
      {{{"Forwarded", "for=\"[2001:db8::1]:4711\""}}, "http [2001:db8::1]:4711"},
      {{{"Forwarded", "for=\"[2001:db8::1]\""}}, "http [2001:db8::1]:0"},
      {{{"Forwarded", "for=\"\\[2001:db8\\::1]\""}}, "http [2001:db8::1]:0"},
      {{{"Forwarded", "for=192.0.2.1;proto=https;by=10.0.0.1"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", "PROTO=\"HTTPS\";for=192.0.2.1"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", "for=192.0.2.1 ; proto=https"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", ";;for=192.0.2.1;;proto=https;"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", "host=\"a,b;for=198.51.100.1\";for=192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "host=\"a,b\\\"\";for=192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=198.51.100.1, host=\"a,\\\\\";for=192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=198.51.100.1, for=192.0.2.1, for=10.0.0.2"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=192.0.2.1"}, {"Forwarded", "for=10.0.0.2"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=10.0.0.3, for=10.0.0.2"}}, "http 10.0.0.3:0"},
      {{{"Forwarded", "for=\"192.0.2.1:_hidden\""}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "proto=https"}}, "https 10.0.0.1:5"},
      {{{"Forwarded", ""}}, "http 10.0.0.1:5"},
      {{{"Forwarded", ";"}}, "http 10.0.0.1:5"},
  });
}

TEST(ForwardedField, TellsTheSchemeOfTheOutermostProxyThatSaidOne) {
  expect_origins({
      {{{"Forwarded", "for=192.0.2.1;proto=https, for=10.0.0.2;proto=http"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", "for=192.0.2.1;proto=http, for=10.0.0.2;proto=https"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=192.0.2.1, for=10.0.0.2;proto=https"}}, "https 192.0.2.1:0"},
      {{{"Forwarded", "proto=https, for=192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"Forwarded", "for=192.0.2.1;proto=gopher"}}, "http 192.0.2.1:0"},
  });
}

TEST(ForwardedField, EndsWhereNobodyKnowsTheAddress) {
  expect_origins({
      {{{"Forwarded", "for=unknown"}}, "http 10.0.0.1:5"},
      {{{"Forwarded", "for=192.0.2.1, for=_hidden;proto=https, for=10.0.0.2"}}, "https 10.0.0.2:0"},
      {{{"Forwarded", "for=192.0.2.1, by=10.0.0.2"}}, "http 10.0.0.1:5"},
      {{{"Forwarded", "for=192.0.2.1, for=\"\""}}, "http 10.0.0.1:5"},
  });
  const std::string hidden = "for=192.0.2.1, for=\"_" + std::string(500, 'x') + "\"";
  EXPECT_EQ(origin_of({{"Forwarded", hidden}}), "http 10.0.0.1:5");
}

TEST(ForwardedField, EndsAtAMalformedElement) {
  for (const char* element :
       {"for", "for=", "=192.0.2.7", "for:192.0.2.7", "for =192.0.2.7", "for= 192.0.2.7",
        "for=192.0.2.7:80", "for=[2001:db8::1]", "for=\"192.0.2.7", "for=192.0.2.7\"",
        "for=\"192.0.2.7\\\"", "for=\"192.0.2.7\\", "for=\"192.0.2.7\"x",
        "for=192.0.2.7 proto=https", "for=192.0.2.7;for=192.0.2.8",
        "for=192.0.2.7;proto=https;proto=https", "for=192.0.2.7;proto", "f\"or\"=192.0.2.7"}) {
    EXPECT_EQ(origin_of({{"Forwarded", element}}), "http 10.0.0.1:5") << element;
    const std::string behind_a_proxy = std::string(element) + ", for=10.0.0.2";
    EXPECT_EQ(origin_of({{"Forwarded", behind_a_proxy}}), "http 10.0.0.2:0") << element;
    // What a client writes does not reach the entry that its proxy adds.
    const std::string of_a_client = std::string(element) + ", for=192.0.2.1;proto=https";
    EXPECT_EQ(origin_of({{"Forwarded", of_a_client}}), "https 192.0.2.1:0") << element;
  }
}

TEST(ForwardedField, IsFollowedForALimitedNumberOfHops) {
  std::string chain = "for=192.0.2.1";
  for (std::size_t hop = 1; hop < kMaxForwardedHops; ++hop) {
    chain += ", for=10.0.1." + std::to_string(hop);
  }
  EXPECT_EQ(origin_of({{"Forwarded", chain}}), "http 192.0.2.1:0");
  EXPECT_EQ(origin_of({{"Forwarded", chain + ", for=10.0.0.2"}}), "http 10.0.1.1:0");
}

TEST(Forwarded, IsOfTheOlderFieldsWhereAnyOfThemIsThere) {
  const Field forwarded = {"Forwarded", "for=192.0.2.9;proto=https"};
  expect_origins({
      {{forwarded, {"X-Forwarded-For", "192.0.2.1"}}, "http 192.0.2.1:0"},
      {{{"X-Forwarded-For", "192.0.2.1"}, forwarded}, "http 192.0.2.1:0"},
      {{forwarded, {"X-Forwarded-For", "nonsense"}}, "http 10.0.0.1:5"},
      {{forwarded, {"X-Forwarded-Proto", "http"}}, "http 10.0.0.1:5"},
  });
}

}  // namespace
}  // namespace prefork::http
