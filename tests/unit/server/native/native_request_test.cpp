#include "server/native/native_request.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/exchange/job.h"
#include "server/http/request_trace.h"
#include "server/native/native_response.h"

namespace prefork::native {
namespace {

std::string text_of(prefork_text text) { return std::string(to_view(text)); }

std::vector<std::string> lines_of(const prefork_field* fields, std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back(text_of(fields[i].name) + ": " + text_of(fields[i].value));
  }
  return lines;
}

bool lies_in(const NativeRequest& request, const void* place) {
  const auto* const begin = reinterpret_cast<const std::byte*>(&request);
  const auto* const at = static_cast<const std::byte*>(place);
  return at >= begin && at < begin + sizeof request;
}

ipc::PeerAddress ipv6_peer() {
  ipc::PeerAddress peer;
  peer.family = ipc::PeerAddress::Family::ipv6;
  peer.bytes.fill(0xAB);
  peer.port = 65'535;
  return peer;
}

TEST(NativeRequest, HasTheFieldsAndParametersInTheirOrder) {
  const std::vector<http::Field> fields = {{"Host", "a"}, {"X", "1"}, {"X", "2"}};
  const std::vector<http::Field> parameters = {{"id", "7"}, {"rest", "b/c"}};
  http::Request request;
  request.fields = fields;
  request.parameters = parameters;
  const NativeRequest native(request, nullptr);
  const prefork_request& given = native.get();
  EXPECT_EQ(lines_of(given.fields, given.field_count),
            (std::vector<std::string>{"Host: a", "X: 1", "X: 2"}));
  EXPECT_EQ(lines_of(given.parameters, given.parameter_count),
            (std::vector<std::string>{"id: 7", "rest: b/c"}));
}

TEST(NativeRequest, HoldsWhatAUsualRequestHasInItself) {
  const std::vector<http::Field> fields(30, http::Field{"X", "1"});
  const std::vector<http::Field> parameters(8, http::Field{"id", "7"});
  http::Request request;
  request.fields = fields;
  request.parameters = parameters;
  request.peer = ipv6_peer();
  const NativeRequest native(request, nullptr);
  EXPECT_TRUE(lies_in(native, native.get().fields));
  EXPECT_TRUE(lies_in(native, native.get().parameters));
  EXPECT_TRUE(lies_in(native, native.get().client.data));
  EXPECT_EQ(text_of(native.get().client), "[abab:abab:abab:abab:abab:abab:abab:abab]:65535");
}

TEST(NativeRequest, TakesAnyNumberOfFields) {
  for (std::size_t count = 0; count < 200; ++count) {
    std::vector<std::string> values;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(std::to_string(i));
      expected.push_back("X: " + values.back());
    }
    std::vector<http::Field> fields;
    for (const std::string& value : values) {
      fields.push_back({"X", value});
    }
    const std::vector<http::Field> parameters = {{"id", "7"}};
    http::Request request;
    request.fields = fields;
    request.parameters = parameters;
    const NativeRequest native(request, nullptr);
    const prefork_request& given = native.get();
    ASSERT_EQ(lines_of(given.fields, given.field_count), expected);
    ASSERT_EQ(lines_of(given.parameters, given.parameter_count), std::vector<std::string>{"id: 7"});
  }
}

TEST(NativeRequest, HasATraceWhereThereIsOne) {
  http::Request request;
  EXPECT_EQ(NativeRequest(request, nullptr).get().trace, nullptr);
  http::RequestTrace trace;
  trace.begin({0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true},
              "00f067aa0ba902b7", "a=1");
  request.trace = &trace;
  const NativeRequest native(request, nullptr);
  const prefork_trace& given = *native.get().trace;
  EXPECT_EQ(given.size, sizeof given);
  EXPECT_EQ(text_of(given.trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(text_of(given.span_id), "b7ad6b7169203331");
  EXPECT_EQ(text_of(given.parent_id), "00f067aa0ba902b7");
  EXPECT_EQ(text_of(given.traceparent), trace.own().text());
  EXPECT_EQ(text_of(given.tracestate), "a=1");
  EXPECT_EQ(given.is_sampled, 1);
  prefork_api api{};
  add_request_functions(api);
  EXPECT_EQ(api.set_attribute(&given, {"a", 1}, {"b", 1}), PREFORK_OK);
  EXPECT_EQ(api.set_attribute(&given, {nullptr, 0}, {"b", 1}), PREFORK_WRONG);
  for (char name = 'b'; name < 'i'; ++name) {
    EXPECT_EQ(api.set_attribute(&given, {&name, 1}, {"v", 1}), PREFORK_OK) << name;
  }
  EXPECT_EQ(api.set_attribute(&given, {"z", 1}, {"v", 1}), PREFORK_FULL);
}

TEST(HeldRequest, LivesUntilTheLastOfItsHoldersHasReleasedIt) {
  auto job = std::make_unique<exchange::Job>();
  const std::string path = "/a/path/that/is/longer/than/a/short/string";
  const std::string body(5000, 'b');
  http::Request request;
  request.path = path;
  request.body = body;
  job->own_request(request);
  const auto client = std::make_shared<exchange::ClientBox>();
  job->set_client(client);
  auto* const held = new HeldRequest(nullptr, *job);
  prefork_api api{};
  add_request_functions(api);
  prefork_call* const call = held->get().call;
  EXPECT_EQ(api.hold(call), PREFORK_OK);
  EXPECT_EQ(api.is_abandoned(call), 0);
  held->release();
  job.reset();
  EXPECT_EQ(text_of(held->get().path), path);
  EXPECT_EQ(text_of(held->get().body), body);
  client->set(exchange::ClientState::gone);
  EXPECT_EQ(api.is_abandoned(call), 1);
  api.release(call);
}

}  // namespace
}  // namespace prefork::native
