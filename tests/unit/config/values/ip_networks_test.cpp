#include "config/values/ip_networks.h"

#include <gtest/gtest.h>

namespace prefork::config {
namespace {

using Texts = std::vector<std::string>;

IpNetworks networks_of(std::string_view list) {
  IpNetworks networks;
  const auto added = networks.add(list);
  EXPECT_TRUE(added.ok()) << list << ": " << added.problem().text;
  return networks;
}

std::string networks_problem(std::string_view list) {
  const auto added = IpNetworks().add(list);
  return added.ok() ? "is fine" : added.problem().text;
}

bool contains(const IpNetworks& networks, std::string_view address) {
  AddressBytes bytes{};
  const auto family = parse_ip(address, bytes);
  EXPECT_TRUE(family) << address;
  return networks.contains(family.value_or(AddressFamily::unknown), bytes);
}

bool contains_unix(const IpNetworks& networks) {
  return networks.contains(AddressFamily::unix_socket, {});
}

bool contains_unknown(const IpNetworks& networks) {
  return networks.contains(AddressFamily::unknown, {});
}

TEST(IpNetworks, ContainTheAddressesOfEachNetworkAndNoOthers) {
  const struct {
    const char* list;
    const char* address;
    bool is_in;
  } cases[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"172.16.0.0/12", "172.31.255.255", true},
      {"172.16.0.0/12", "172.32.0.0", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.4/31", "192.0.2.5", true},
      {"192.0.2.4/31", "192.0.2.6", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"::1", "::1", true},
      {"::1", "::2", false},
      {"fd00::/8", "fdff:ffff::1", true},
      {"fd00::/8", "fe00::", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"2001:db8::2/127", "2001:db8::3", true},
      {"2001:db8::2/127", "2001:db8::4", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"192.0.2.1, 10.0.0.0/8 ,::1", "10.1.2.3", true},
      {"192.0.2.1, 10.0.0.0/8 ,::1", "::1", true},
  };
  for (const auto& [list, address, is_in] : cases) {
    EXPECT_EQ(contains(networks_of(list), address), is_in) << list << " " << address;
  }
}

TEST(IpNetworks, TakeAMappedPeerForTheIpv4PeerItIs) {
  EXPECT_TRUE(contains(networks_of("10.0.0.0/8"), "::ffff:10.1.2.3"));
  EXPECT_FALSE(contains(networks_of("10.0.0.0/8"), "::ffff:11.1.2.3"));
  EXPECT_FALSE(contains(networks_of("::/0"), "::ffff:10.1.2.3"));
  EXPECT_FALSE(contains(networks_of("0.0.0.0/0"), "::fffe:10.1.2.3"));
  EXPECT_FALSE(contains(networks_of("0.0.0.0/0"), "::10.1.2.3"));
}

TEST(IpNetworks, TakeAMappedNetworkForTheIpv4NetworkItIs) {
  const IpNetworks networks = networks_of("::ffff:10.0.0.0/104,::ffff:192.0.2.1");
  EXPECT_EQ(networks.texts(), (Texts{"10.0.0.0/8", "192.0.2.1"}));
  EXPECT_TRUE(contains(networks, "10.1.2.3"));
  EXPECT_TRUE(contains(networks, "::ffff:192.0.2.1"));
}

TEST(IpNetworks, KnowTheWordsForUnixSocketsAndForEverybody) {
  EXPECT_TRUE(contains_unix(networks_of("unix")));
  EXPECT_FALSE(contains_unknown(networks_of("unix")));
  EXPECT_FALSE(contains(networks_of("unix"), "127.0.0.1"));
  EXPECT_FALSE(contains_unix(networks_of("0.0.0.0/0,::/0")));
  EXPECT_FALSE(contains_unknown(networks_of("0.0.0.0/0,::/0")));
  const IpNetworks everybody = networks_of("*");
  EXPECT_TRUE(contains_unix(everybody));
  EXPECT_TRUE(contains_unknown(everybody));
  EXPECT_TRUE(contains(everybody, "203.0.113.9"));
  EXPECT_TRUE(contains(everybody, "2001:db8::1"));
}

TEST(IpNetworks, ContainNobodyWhenEmpty) {
  EXPECT_FALSE(contains(IpNetworks(), "127.0.0.1"));
  EXPECT_FALSE(contains_unix(IpNetworks()));
}

TEST(IpNetworks, OfThisMachineAreLoopbackAndUnixSockets) {
  const IpNetworks loopback = IpNetworks::loopback();
  EXPECT_EQ(loopback.texts(), (Texts{"127.0.0.1", "::1", "unix"}));
  EXPECT_TRUE(contains(loopback, "127.0.0.1"));
  EXPECT_TRUE(contains(loopback, "::ffff:127.0.0.1"));
  EXPECT_TRUE(contains(loopback, "::1"));
  EXPECT_TRUE(contains_unix(loopback));
  EXPECT_FALSE(contains(loopback, "192.0.2.1"));
  EXPECT_FALSE(contains_unknown(loopback));
}

TEST(IpNetworks, WriteWhatTheyRead) {
  const Texts texts = {"192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "unix", "*"};
  IpNetworks networks;
  for (const std::string& text : texts) EXPECT_TRUE(networks.add(text).ok());
  EXPECT_EQ(networks.texts(), texts);
  EXPECT_EQ(networks_of("FD00:0::/8").texts(), (Texts{"fd00::/8"}));
}

TEST(IpNetworks, TakeTheSameTwiceForOnce) {
  EXPECT_EQ(networks_of("::1,0::1/128,unix,unix,*,*").texts(), (Texts{"::1", "unix", "*"}));
}

TEST(IpNetworks, SayWhatIsWrong) {
  const std::string forms = "; use one as in 192.0.2.1, 10.0.0.0/8, ::1, fd00::/8, * or unix";
  const struct {
    std::string_view list;
    std::string problem;
  } cases[] = {
      {"", "an address is empty" + forms},
      {"::1,", "an address is empty" + forms},
      {"::1,,unix", "an address is empty" + forms},
      {"localhost", "'localhost' is not an IP address or network" + forms},
      {"UNIX", "'UNIX' is not an IP address or network" + forms},
      {"10.0.0.256", "'10.0.0.256' is not an IP address or network" + forms},
      {"10.0.0", "'10.0.0' is not an IP address or network" + forms},
      {"010.0.0.1", "'010.0.0.1' is not an IP address or network" + forms},
      {"[::1]", "'[::1]' is not an IP address or network" + forms},
      {"fe80::1%eth0", "'fe80::1%eth0' is not an IP address or network" + forms},
      {"127.0.0.1:80", "'127.0.0.1:80' is not an IP address or network" + forms},
      {"/8", "'/8' is not an IP address or network" + forms},
      {std::string_view("::1\0x", 5), "'::1\\x00x' is not an IP address or network" + forms},
      {"10.0.0.0/", "'10.0.0.0/': the prefix '' is not a number; use 0 to 32"},
      {"10.0.0.0/8/8", "'10.0.0.0/8/8': the prefix '8/8' is not a number; use 0 to 32"},
      {"10.0.0.0/255.0.0.0",
       "'10.0.0.0/255.0.0.0': the prefix '255.0.0.0' is not a number; use 0 to 32"},
      {"10.0.0.0/33", "'10.0.0.0/33': the prefix 33 is out of range; use 0 to 32"},
      {"0.0.0.0/-0", "'0.0.0.0/-0': the prefix -0 is out of range; use 0 to 32"},
      {"fd00::/129", "'fd00::/129': the prefix 129 is out of range; use 0 to 128"},
      {"10.0.0.1/8", "'10.0.0.1/8' has host bits set; use 10.0.0.0/8"},
      {"192.0.2.7/30", "'192.0.2.7/30' has host bits set; use 192.0.2.4/30"},
      {"10.0.0.1/0", "'10.0.0.1/0' has host bits set; use 0.0.0.0/0"},
      {"2001:db8::1/32", "'2001:db8::1/32' has host bits set; use 2001:db8::/32"},
  };
  for (const auto& [list, problem] : cases) EXPECT_EQ(networks_problem(list), problem) << list;
}

TEST(IpNetworks, AreBounded) {
  IpNetworks networks;
  for (std::size_t i = 0; i < kMaxIpNetworks; ++i) {
    const std::string address = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    ASSERT_TRUE(networks.add(address).ok());
  }
  EXPECT_TRUE(networks.add("10.0.0.1").ok());
  const auto added = networks.add("192.0.2.1");
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.problem().text, "more than 1024 addresses are given; join them into networks");
}

}  // namespace
}  // namespace prefork::config
