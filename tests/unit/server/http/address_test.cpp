#include "server/http/address.h"

#include <gtest/gtest.h>

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

std::string node_of(std::string_view text) {
  const auto peer = parse_node(text);
  return peer ? ipc::to_string(*peer) : "nothing";
}

TEST(Address, IsAnIpLiteralAlone) {
  EXPECT_EQ(ipc::to_string(parse_address("192.0.2.1").value()), "192.0.2.1:0");
  EXPECT_EQ(ipc::to_string(parse_address("2001:DB8::1").value()), "[2001:db8::1]:0");
  for (const std::string_view text :
       {""sv, "[::1]"sv, "192.0.2.1:80"sv, "localhost"sv, "1.2.3"sv, "01.2.3.4"sv, "1.2.3.256"sv,
        " 1.2.3.4"sv, "1.2.3.4 "sv, "1.2.3.4\0x"sv, "::1%lo"sv, ":::"sv, "1:2:3:4:5:6:7"sv,
        "::12345"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Address, OfANodeMayHaveBracketsAndAPort) {
  const struct {
    std::string_view text;
    const char* node;
  } cases[] = {
      {"192.0.2.1", "192.0.2.1:0"},
      {"192.0.2.1:4711", "192.0.2.1:4711"},
      {"192.0.2.1:0", "192.0.2.1:0"},
      {"192.0.2.1:65535", "192.0.2.1:65535"},
      {"192.0.2.1:_hidden", "192.0.2.1:0"},
      {"2001:db8::1", "[2001:db8::1]:0"},
      {"[2001:db8::1]", "[2001:db8::1]:0"},
      {"[2001:db8::1]:4711", "[2001:db8::1]:4711"},
      {"[2001:db8::1]:_a.b-c_1", "[2001:db8::1]:0"},
      {"unix:", "unix"},
  };
  for (const auto& [text, node] : cases) EXPECT_EQ(node_of(text), node) << text;
}

TEST(Address, OfANodeIsNotAName) {
  for (const std::string_view text : {"",
                                      "unknown",
                                      "_hidden",
                                      "localhost",
                                      "localhost:80",
                                      "unix",
                                      "unix:/run/x",
                                      "192.0.2.1:",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:080",
                                      "192.0.2.1:-1",
                                      "192.0.2.1:+1",
                                      "192.0.2.1:8x",
                                      "192.0.2.1:_",
                                      "192.0.2.1:_a b",
                                      "[192.0.2.1]",
                                      "[192.0.2.1]:80",
                                      "[::1",
                                      "[]",
                                      "[::1]80",
                                      "[::1]:",
                                      "[::1]:x",
                                      "[::1]:1:2",
                                      "::1]",
                                      "[[::1]]",
                                      "\"192.0.2.1\""}) {
    EXPECT_EQ(node_of(text), "nothing") << text;
  }
}

TEST(Address, IsLookedUpByItsFamily) {
  config::IpNetworks networks;
  ASSERT_TRUE(networks.add("192.0.2.0/24,2001:db8::/32,unix").ok());
  EXPECT_TRUE(is_in(parse_address("192.0.2.9").value(), networks));
  EXPECT_TRUE(is_in(parse_address("::ffff:192.0.2.9").value(), networks));
  EXPECT_TRUE(is_in(parse_address("2001:db8::9").value(), networks));
  EXPECT_TRUE(is_in(parse_node("unix:").value(), networks));
  EXPECT_FALSE(is_in(parse_address("192.0.3.9").value(), networks));
  EXPECT_FALSE(is_in(parse_address("2001:db9::9").value(), networks));
  EXPECT_FALSE(is_in(ipc::PeerAddress{}, networks));
  EXPECT_FALSE(is_in(parse_node("unix:").value(), config::IpNetworks()));
}

}  // namespace
}  // namespace prefork::http
