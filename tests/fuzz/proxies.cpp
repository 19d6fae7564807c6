// Control byte: which function; the rest is a PROXY preamble, lines of fields, or a
// list of networks. A preamble means the same however it arrives, and nothing that a client writes
// changes what a trusted proxy says of it.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/values/ip_networks.h"
#include "server/http/address.h"
#include "server/http/forwarded.h"
#include "server/net/proxy_protocol.h"
#include "tests/fuzz/field_lines.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

using Fields = std::vector<http::Field>;
using Status = net::ProxyPreamble::Status;

bool is_same(const std::optional<ipc::PeerAddress>& a, const std::optional<ipc::PeerAddress>& b) {
  return a.has_value() == b.has_value() && (!a || ipc::to_string(*a) == ipc::to_string(*b));
}

void check_preamble(std::string_view input) {
  const net::ProxyPreamble whole = net::parse_proxy_preamble(input);
  PREFORK_CHECK(whole.status != Status::complete || whole.size <= input.size());
  PREFORK_CHECK(whole.status != Status::error || whole.problem != nullptr);
  PREFORK_CHECK(whole.status != Status::need_more || input.size() < net::kMaxProxyPreambleBytes);
  for (std::size_t size = 0; size < input.size(); ++size) {
    const http1::testing_parser::ExactBytes bytes(input.substr(0, size));
    const net::ProxyPreamble part = net::parse_proxy_preamble(bytes.view());
    switch (part.status) {
      case Status::need_more:
        PREFORK_CHECK(whole.status != Status::complete || size < whole.size);
        break;
      case Status::complete:
        PREFORK_CHECK(whole.status == Status::complete && part.size == whole.size);
        PREFORK_CHECK(size >= whole.size && is_same(part.client, whole.client));
        break;
      case Status::error:
        PREFORK_CHECK(whole.status == Status::error);
        PREFORK_CHECK(std::string_view(part.problem) == whole.problem);
        return;
    }
  }
}

ipc::PeerAddress address(std::string_view text) {
  const auto parsed = http::parse_address(text);
  PREFORK_CHECK(parsed.has_value());
  return *parsed;
}

Fields with(Fields fields, std::string_view name, std::string_view value) {
  fields.push_back({name, value});
  return fields;
}

void check_forwarded(const Fields& fields) {
  config::IpNetworks trusted;
  PREFORK_CHECK(trusted.add("127.0.0.1,10.0.0.0/8").ok());
  const ipc::PeerAddress proxy = address("127.0.0.1");
  const std::string client = "192.0.2.9";

  // A stranger is believed nothing.
  const http::ForwardedOrigin alone = http::forwarded_origin(fields, address(client), trusted);
  PREFORK_CHECK(ipc::host_of(alone.client) == client && alone.scheme == http::Scheme::http);

  const auto check = [&](const Fields& lines) {
    PREFORK_CHECK(ipc::host_of(http::forwarded_origin(lines, proxy, trusted).client) == client);
  };
  bool has_x_forwarded = false;
  for (const http::Field& field : fields) {
    has_x_forwarded = has_x_forwarded ||
                      config::equals_ignoring_case(field.name, "x-forwarded-for") ||
                      config::equals_ignoring_case(field.name, "x-forwarded-proto");
    // The proxy's own entry behind what the client wrote, in the same line.
    const std::string x_forwarded = std::string(field.value) + ", " + client;
    const std::string forwarded = std::string(field.value) + ", for=" + client;
    const std::string with_comma = forwarded + ";by=\"a,b\"";
    const std::string two_hops = forwarded + ",for=\"10.1.2.3:80\"";
    check({{"X-Forwarded-For", x_forwarded}});
    check({{"Forwarded", forwarded}});
    check({{"Forwarded", with_comma}});
    check({{"Forwarded", two_hops}});
  }
  check(with(fields, "X-Forwarded-For", client));
  check(with(with(fields, "X-Forwarded-For", client), "X-Forwarded-For", "10.1.2.3"));
  if (!has_x_forwarded) {
    const std::string element = "for=" + client + ";proto=https";
    const Fields lines = with(fields, "Forwarded", element);
    check(lines);
    PREFORK_CHECK(http::forwarded_origin(lines, proxy, trusted).scheme == http::Scheme::https);
  }
  const Fields lines = with(fields, "X-Forwarded-Proto", "https");
  PREFORK_CHECK(http::forwarded_origin(lines, proxy, trusted).scheme == http::Scheme::https);
}

void check_addresses(std::string_view text) {
  if (const auto peer = http::parse_address(text)) {
    const auto again = http::parse_address(ipc::host_of(*peer));
    PREFORK_CHECK(again && again->family == peer->family && again->bytes == peer->bytes);
    const auto node = http::parse_node(ipc::to_string(*peer));
    PREFORK_CHECK(node && node->bytes == peer->bytes);
  }
  if (const auto node = http::parse_node(text)) {
    const auto again = http::parse_node(ipc::to_string(*node));
    PREFORK_CHECK(node->family == ipc::PeerAddress::Family::local ||
                  (again && ipc::to_string(*again) == ipc::to_string(*node)));
  }
  config::IpNetworks networks;
  if (!networks.add(text).ok()) {
    return;
  }
  config::IpNetworks again;
  for (const std::string& network : networks.texts()) {
    PREFORK_CHECK(again.add(network).ok());
    if (const auto peer = http::parse_address(network.substr(0, network.find('/')))) {
      PREFORK_CHECK(http::is_in(*peer, networks));
    }
  }
  PREFORK_CHECK(again == networks);
}

void check_one(Input input) {
  const unsigned function = input.byte() % 3;
  const http1::testing_parser::ExactBytes bytes(input.rest());
  switch (function) {
    case 0:
      check_preamble(bytes.view());
      break;
    case 1:
      check_forwarded(field_lines(bytes.view()));
      break;
    default:
      check_addresses(bytes.view());
      break;
  }
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
