#include "config/values/bind.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <string>

namespace prefork::config {
namespace {

Bind bind_of(std::string_view text) {
  const auto parsed = parse_bind(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.problem().text;
  return parsed.ok() ? parsed.value() : Bind{};
}

std::string bind_problem(std::string_view text) {
  const auto parsed = parse_bind(text);
  return parsed.ok() ? "is fine" : parsed.problem().text;
}

TEST(Bind, TakesAHostAndAPort) {
  EXPECT_EQ(bind_of("127.0.0.1:8000"), Bind::tcp("127.0.0.1", 8000));
  EXPECT_EQ(bind_of("localhost:0"), Bind::tcp("localhost", 0));
  EXPECT_EQ(bind_of("shop-1.example_x.org:65535"), Bind::tcp("shop-1.example_x.org", 65535));
}

TEST(Bind, TakesAnIpv6AddressInBracketsAndShortensIt) {
  EXPECT_EQ(bind_of("[::1]:8000"), Bind::tcp("::1", 8000));
  EXPECT_EQ(bind_of("[0:0:0:0:0:0:0:1]:8000"), Bind::tcp("::1", 8000));
  EXPECT_EQ(bind_of("[FE80::1%eth0]:80"), Bind::tcp("fe80::1%eth0", 80));
}

TEST(Bind, TakesNoHostAsEveryIpv4Address) {
  EXPECT_EQ(bind_of(":8000"), Bind::tcp("0.0.0.0", 8000));
}

TEST(Bind, TakesAUnixPath) {
  EXPECT_EQ(bind_of("unix:/run/app.sock"), Bind::unix_path("/run/app.sock"));
  EXPECT_EQ(bind_of("unix:app.sock"), Bind::unix_path("app.sock"));
  EXPECT_EQ(bind_of("unix:///run/app.sock"), Bind::unix_path("/run/app.sock"));
}

TEST(Bind, TakesAnInheritedDescriptor) {
  EXPECT_EQ(bind_of("fd://3"), Bind::inherited_fd(3));
  EXPECT_EQ(bind_of("fd://0"), Bind::inherited_fd(0));
}

TEST(Bind, WritesWhatItReads) {
  for (const char* text : {"127.0.0.1:8000", "[::1]:8000", "[fe80::1%eth0]:80", "localhost:0",
                           "unix:/run/app.sock", "fd://3", "[::1]:8000,proxy-protocol"}) {
    EXPECT_EQ(bind_of(text).text(), text);
  }
}

TEST(Bind, TakesTheProxyProtocolBehindEveryKindOfAddress) {
  for (const std::string address :
       {"127.0.0.1:8000", "[::1]:8000", "unix:/run/app.sock", "fd://3"}) {
    EXPECT_FALSE(bind_of(address).proxy_protocol);
    const Bind bind = bind_of(address + ",proxy-protocol");
    EXPECT_TRUE(bind.proxy_protocol);
    EXPECT_EQ(bind.address(), address);
    EXPECT_EQ(bind.text(), address + ",proxy-protocol");
    Bind without = bind;
    without.proxy_protocol = false;
    EXPECT_EQ(without, bind_of(address));
    EXPECT_NE(without, bind);
  }
}

TEST(Bind, LeavesOtherCommasToThePath) {
  EXPECT_EQ(bind_of("unix:/run/a,b"), Bind::unix_path("/run/a,b"));
}

TEST(Bind, TakesAUnixPathUpToTheLengthOfSunPath) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  const std::string longest(kLongest, 'x');
  EXPECT_EQ(bind_of("unix:" + longest).path, longest);
  const std::string too_long = std::string(50, 'a') + std::string(58, 'b');
  EXPECT_EQ(bind_problem("unix:" + too_long),
            "'" + too_long + "' has 108 bytes; a Unix socket path has at most 107");
}

TEST(Bind, SaysWhatIsWrongWithAnAddress) {
  const std::string forms = "; use host:port, [::1]:8000, :8000, unix:/path or fd://3";
  const struct {
    const char* text;
    std::string problem;
  } cases[] = {
      {"8000", "'8000' has no port" + forms},
      {"localhost", "'localhost' has no port" + forms},
      {"[::1]", "'[::1]' has no port" + forms},
      {"http://localhost:80", "'http://localhost:80' is not an address" + forms},
      {"/run/app.sock", "'/run/app.sock' is not an address" + forms},
      {"::1:8000",
       "'::1:8000' has too many colons; an IPv6 address needs brackets, as in [::1]:8000"},
      {"[::g]:80", "'::g' is not an IPv6 address"},
      {"[]:80", "'' is not an IPv6 address"},
      {"[fe80::1%]:80", "'fe80::1%' is not an IPv6 address"},
      {"[::1:80", "'[::1' has one bracket; write an IPv6 address as [::1]"},
      {"127.0.0.256:80", "'127.0.0.256' is not an IPv4 address; use four numbers as in 127.0.0.1"},
      {"127.1:80", "'127.1' is not an IPv4 address; use four numbers as in 127.0.0.1"},
      {"*:80", "'*' is not a host; use 0.0.0.0 or ::"},
      {"my host:80", "'my host' is not a host name or an IP address"},
      {"host:", "'host:': port '' is not a number; use 0 to 65535"},
      {"host:http", "'host:http': port 'http' is not a number; use 0 to 65535"},
      {"host:65536", "'host:65536': port 65536 is out of range; use 0 to 65535"},
      {"host:-1", "'host:-1': port -1 is out of range; use 0 to 65535"},
      {"host:99999999999999999999",
       "'host:99999999999999999999': port 99999999999999999999 is out of range; use 0 to 65535"},
      {":80,", "':80,' has ',' behind its port; only ',proxy-protocol' may stand there"},
      {":80,proxy",
       "':80,proxy' has ',proxy' behind its port; only ',proxy-protocol' may stand there"},
      {":80,proxy-protocol,proxy-protocol",
       "':80,proxy-protocol' has ',proxy-protocol' behind its port; only ',proxy-protocol' may "
       "stand there"},
      {",proxy-protocol", "'' has no port" + forms},
      {"fd://3,x", "'3,x' is not a descriptor number; use one as in 3"},
      {"unix:", "the path is empty; use a path as in /run/app.sock"},
      {"unix://run/app.sock", "the path follows 'unix:' at once; use unix:/run/app.sock"},
      {"unix:@app", "'@app' would be an abstract socket, which has no permissions; use a path"},
      {"fd://", "'' is not a descriptor number; use one as in 3"},
      {"fd://x", "'x' is not a descriptor number; use one as in 3"},
      {"fd://-1", "-1 is out of range; use 0 to 1048575"},
      {"fd://1048576", "1048576 is out of range; use 0 to 1048575"},
  };
  for (const auto& [text, problem] : cases) EXPECT_EQ(bind_problem(text), problem) << text;
}

TEST(Bind, TakesAHostByItselfWithAndWithoutBrackets) {
  EXPECT_EQ(parse_host("::").value(), "::");
  EXPECT_EQ(parse_host("[::1]").value(), "::1");
  EXPECT_EQ(parse_host("0.0.0.0").value(), "0.0.0.0");
  EXPECT_EQ(parse_host("localhost:80").problem().text,
            "'localhost:80' is more than a host; the port has an option of its own");
  for (const char* const text : {"[::1", "::1]"}) {
    EXPECT_EQ(parse_host(text).problem().text,
              "'" + std::string(text) + "' has one bracket; write an IPv6 address as [::1]");
  }
}

}  // namespace
}  // namespace prefork::config
