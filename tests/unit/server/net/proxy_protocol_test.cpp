#include "server/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::net {
namespace {

using namespace std::string_literals;
using Status = ProxyPreamble::Status;

// A copy of its own size, so that a sanitizer sees a look beyond the end.
ProxyPreamble parse(std::string_view input) {
  const auto copy = std::make_unique<char[]>(input.size());
  input.copy(copy.get(), input.size());
  return parse_proxy_preamble({copy.get(), input.size()});
}

std::string text_of(const ProxyPreamble& preamble) {
  switch (preamble.status) {
    case Status::need_more:
      return "need more";
    case Status::error:
      return "error: "s + preamble.problem;
    case Status::complete:
      break;
  }
  const std::string client = preamble.client ? ipc::to_string(*preamble.client) : "peer";
  return std::to_string(preamble.size) + " " + client;
}

std::string outcome(std::string_view input) { return text_of(parse(input)); }

// Version 2: `head` is version with command, and family with transport.
std::string binary(const std::string& head, const std::string& payload,
                   std::size_t length = std::string::npos) {
  if (length == std::string::npos) length = payload.size();
  return "\r\n\r\n\0\r\nQUIT\n"s + head + static_cast<char>(length >> 8) +
         static_cast<char>(length & 0xff) + payload;
}

const std::string kIpv4 = "\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x01\xbb"s;
const std::string kIpv6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s +
                          std::string(15, '\0') + "\x01"s + "\x12\x67\x01\xbb"s;
const std::string kUnix = "/run/a"s + std::string(102, '\0') + std::string(108, '\0');
const std::string kTlv = "\x03\x00\x04\xde\xad\xbe\xef\x04\x00\x00"s;

struct Case {
  std::string preamble;
  std::string client;
};

std::vector<Case> valid_preambles() {
  return {
      {"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n", "192.0.2.1:4711"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0"},
      {"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n", "[2001:db8::1]:4711"},
      {"PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0001 ::1 4711 443\r\n", "[2001:db8::1]:4711"},
      {"PROXY UNKNOWN\r\n", "peer"},
      {"PROXY UNKNOWN \r\n", "peer"},
      {"PROXY UNKNOWN ffff::1 ffff::2 65535 nonsense\r\n", "peer"},
      {"PROXY UNKNOWN " + std::string(kMaxProxyLineBytes - 16, 'x') + "\r\n", "peer"},
      {binary("\x21\x11", kIpv4), "192.0.2.1:4711"},
      {binary("\x21\x12", kIpv4), "192.0.2.1:4711"},
      {binary("\x21\x21", kIpv6), "[2001:db8::1]:4711"},
      {binary("\x21\x22", kIpv6), "[2001:db8::1]:4711"},
      {binary("\x21\x31", kUnix), "unix"},
      {binary("\x21\x32", kUnix), "unix"},
      {binary("\x21\x11", kIpv4 + kTlv), "192.0.2.1:4711"},
      {binary("\x21\x11", kIpv4 + std::string(kMaxProxyPayloadBytes - 12, 'x')), "192.0.2.1:4711"},
      {binary("\x21\x00"s, ""), "peer"},
      {binary("\x21\x00"s, kIpv4 + kTlv), "peer"},
      {binary("\x21\x01", ""), "peer"},
      {binary("\x21\x10", kIpv4), "peer"},
      {binary("\x20\x00"s, ""), "peer"},
      {binary("\x20\x11", ""), "peer"},
      {binary("\x20\x11", kIpv4), "peer"},
      {binary("\x20\xff", kTlv), "peer"},
  };
}

TEST(ProxyPreamble, TellsTheClientOrThatThePeerStays) {
  for (const Case& one : valid_preambles()) {
    EXPECT_EQ(outcome(one.preamble), std::to_string(one.preamble.size()) + " " + one.client)
        << one.preamble;
  }
}

TEST(ProxyPreamble, EndsBeforeWhatFollowsAtEverySplit) {
  for (const Case& one : valid_preambles()) {
    const std::string expected = std::to_string(one.preamble.size()) + " " + one.client;
    const std::string input = one.preamble + "GET / HTTP/1.1\r\n\r\n" + one.preamble;
    for (std::size_t size = 0; size <= input.size(); ++size) {
      const std::string_view arrived = std::string_view(input).substr(0, size);
      ASSERT_EQ(outcome(arrived), size < one.preamble.size() ? "need more" : expected)
          << size << " bytes of " << one.preamble;
    }
  }
}

std::vector<Case> invalid_preambles() {
  const std::string bad_address = "PROXY line with a bad address";
  const std::string bad_port = "PROXY line with a bad port";
  const std::string bad_protocol = "PROXY line with an unknown protocol";
  const std::string bad_family = "PROXY preamble with an unknown address family";
  const std::string too_short = "PROXY preamble shorter than its addresses";
  return {
      {"GET / HTTP/1.1\r\n", "no PROXY preamble"},
      {"PRI * HTTP/2.0\r\n", "no PROXY preamble"},
      {"PROXYTCP4 192.0.2.1 10.0.0.1 1 2\r\n", "no PROXY preamble"},
      {"proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "no PROXY preamble"},
      {" PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "no PROXY preamble"},
      {"\r\n\r\nGET / HTTP/1.1\r\n", "no PROXY preamble"},
      {"\r\n\r\n\0\r\nQUIT\r"s, "no PROXY preamble"},
      {"PROXY \r\n", bad_protocol},
      {"PROXY  TCP4 192.0.2.1 10.0.0.1 1 2\r\n", bad_protocol},
      {"PROXY TCP 192.0.2.1 10.0.0.1 1 2\r\n", bad_protocol},
      {"PROXY tcp4 192.0.2.1 10.0.0.1 1 2\r\n", bad_protocol},
      {"PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n", bad_protocol},
      {"PROXY UNKNOWNS\r\n", bad_protocol},
      {"PROXY TCP4\r\n", bad_address},
      {"PROXY TCP4 192.0.2.1\r\n", bad_address},
      {"PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP4 192.0.2.1  10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP4 192.0.2.01 10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP4 192.0.2.1 10.0.0.256 1 2\r\n", bad_address},
      {"PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", bad_address},
      {"PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP6 ::1 10.0.0.1 1 2\r\n", bad_address},
      {"PROXY TCP6 [::1] ::1 1 2\r\n", bad_address},
      {"PROXY TCP6 1::2::3 ::1 1 2\r\n", bad_address},
      {"PROXY TCP4 192.0.2.1\0 10.0.0.1 1 2\r\n"s, bad_address},
      {"PROXY TCP4 192.0.2.1 10.0.0.1\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 \r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1  1 2\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 00\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 100000\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 -1 2\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 +1 2\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\t\r\n", bad_port},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n", "PROXY line without CRLF"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\rGET", "PROXY line without CRLF"},
      {"PROXY UNKNOWN a\nb\r\n", "PROXY line without CRLF"},
      {"PROXY UNKNOWN a\r\r\n", "PROXY line without CRLF"},
      {"PROXY UNKNOWN " + std::string(kMaxProxyLineBytes - 15, 'x') + "\r\n",
       "PROXY line too long"},
      {"PROXY UNKNOWN " + std::string(kMaxProxyLineBytes - 14, 'x'), "PROXY line too long"},
      {"PROXY TCP4 " + std::string(500, ' '), "PROXY line too long"},
      {binary("\x11\x11", kIpv4), "PROXY preamble of an unknown version"},
      {binary("\x31\x11", kIpv4), "PROXY preamble of an unknown version"},
      {binary("\x22\x11", kIpv4), "PROXY preamble with an unknown command"},
      {binary("\x2f\x11", kIpv4), "PROXY preamble with an unknown command"},
      {binary("\x21\x41", kIpv4), bad_family},
      {binary("\x21\xf0", kIpv4), bad_family},
      {binary("\x21\x13", kIpv4), bad_family},
      {binary("\x21\x03", ""), bad_family},
      {binary("\x21\x11", kIpv4, 11), too_short},
      {binary("\x21\x11", "", 0), too_short},
      {binary("\x21\x21", kIpv6, 35), too_short},
      {binary("\x21\x31", kUnix, 215), too_short},
      {binary("\x21\x11", kIpv4, kMaxProxyPayloadBytes + 1), "PROXY preamble too long"},
      {binary("\x20\x00"s, "", 0xffff), "PROXY preamble too long"},
  };
}

TEST(ProxyPreamble, IsRefusedWhereItIsWrong) {
  for (const Case& one : invalid_preambles()) {
    EXPECT_EQ(outcome(one.preamble), "error: " + one.client) << one.preamble;
  }
}

TEST(ProxyPreamble, IsRefusedForTheSameReasonAtEverySplit) {
  for (const Case& one : invalid_preambles()) {
    const std::string input = one.preamble + "GET / HTTP/1.1\r\n\r\n";
    bool is_refused = false;
    for (std::size_t size = 0; size <= input.size(); ++size) {
      const std::string now = outcome(std::string_view(input).substr(0, size));
      is_refused = is_refused || now != "need more";
      ASSERT_EQ(now, is_refused ? "error: " + one.client : "need more")
          << size << " bytes of " << one.preamble;
    }
  }
}

TEST(ProxyPreamble, IsJudgedAsSoonAsTheBytesAreThere) {
  EXPECT_EQ(outcome("G"), "error: no PROXY preamble");
  EXPECT_EQ(outcome("PROXYX"), "error: no PROXY preamble");
  EXPECT_EQ(outcome("\r\n\r\n1"), "error: no PROXY preamble");
  EXPECT_EQ(outcome(binary("\x11", "").substr(0, 13)),
            "error: PROXY preamble of an unknown version");
  EXPECT_EQ(outcome(binary("\x21\x11", "", 0xffff)), "error: PROXY preamble too long");
}

TEST(ProxyPreamble, IsBounded) {
  EXPECT_EQ(kMaxProxyPreambleBytes, 4112u);
  std::string longest = binary("\x20\x00"s, std::string(kMaxProxyPayloadBytes, 'x'));
  EXPECT_EQ(longest.size(), kMaxProxyPreambleBytes);
  EXPECT_EQ(outcome(longest), "4112 peer");
}

}  // namespace
}  // namespace prefork::net
