#include "server/exchange/job.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::exchange {
namespace {

TEST(Job, OwnsEveryByteOfItsRequest) {
  Job job;
  {
    std::string bytes = "POST /p/7?q=1 host X-A va X-Empty body";
    const auto part = [&bytes](std::string_view text) {
      return std::string_view(bytes).substr(bytes.find(text), text.size());
    };
    const std::vector<http::Field> fields = {{part("X-A"), part("va")}, {part("X-Empty"), {}}};
    http::Request request;
    request.method = http::Method::post;
    request.version_minor = 0;
    request.method_text = part("POST");
    const std::vector<http::Field> parameters = {{"id", part("7")}};
    request.target = part("/p/7?q=1");
    request.path = part("/p/7");
    request.parameters = parameters;
    request.query = part("q=1");
    request.host = part("host");
    request.body = part("body");
    request.fields = fields;
    request.id = 42;
    request.peer.port = 4711;
    job.own_request(request);
    bytes.assign(bytes.size(), '#');
  }
  const http::Request& own = job.request;
  EXPECT_EQ(own.method, http::Method::post);
  EXPECT_EQ(own.version_minor, 0);
  EXPECT_EQ(own.method_text, "POST");
  EXPECT_EQ(own.target, "/p/7?q=1");
  EXPECT_EQ(own.path, "/p/7");
  ASSERT_EQ(own.parameters.size(), 1U);
  EXPECT_EQ(own.parameter("id"), "7");
  EXPECT_EQ(own.fields.find("id"), std::nullopt) << "parameters are no header fields";
  EXPECT_EQ(own.query, "q=1");
  EXPECT_EQ(own.host, "host");
  EXPECT_EQ(own.body, "body");
  EXPECT_EQ(own.id, 42U);
  EXPECT_EQ(own.peer.port, 4711);
  ASSERT_EQ(own.fields.size(), 2U);
  EXPECT_EQ(own.fields.find("x-a"), "va");
  EXPECT_EQ(own.fields.find("x-empty"), "");
  EXPECT_EQ(own.fields.find("x-b"), std::nullopt);
}

TEST(Job, OwnsARequestWithLongParts) {
  Job job;
  std::string body(100'000, 'b');
  std::vector<std::string> values;
  std::vector<http::Field> fields;
  values.reserve(100);
  for (int i = 0; i < 100; ++i) {
    values.push_back(std::string(300, static_cast<char>('a' + i % 26)));
    fields.push_back({"name", values.back()});
  }
  http::Request request;
  request.fields = fields;
  request.body = body;
  job.own_request(request);
  const std::vector<std::string> kept = values;
  for (std::string& value : values) {
    value.assign(value.size(), '#');
  }
  body.assign(body.size(), '#');
  EXPECT_EQ(job.request.body, std::string(100'000, 'b'));
  ASSERT_EQ(job.request.fields.size(), kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(job.request.fields[i].value, kept[i]);
  }
}

TEST(Job, RunsItsHandlerAndNotesWhen) {
  const Handler handler = [](const http::Request& request, http::Response& response) {
    response.set_body("path " + std::string(request.path));
  };
  Job job;
  http::Request request;
  request.path = "/x";
  job.own_request(request);
  job.handler = &handler;
  job.run();
  EXPECT_FALSE(job.failed);
  EXPECT_EQ(job.response.content(), "path /x");
  EXPECT_GT(job.started_ns, 0U);
  EXPECT_GE(job.finished_ns, job.started_ns);
}

TEST(Job, KeepsWhatItsHandlerThrew) {
  const Handler throwing = [](const http::Request&, http::Response&) {
    throw std::runtime_error("no disk");
  };
  Job job;
  job.handler = &throwing;
  job.run();
  EXPECT_TRUE(job.failed);
  EXPECT_EQ(job.failure, "no disk");
  EXPECT_GE(job.finished_ns, job.started_ns);
}

TEST(Job, SurvivesAnExceptionOfAnyType) {
  const Handler throwing = [](const http::Request&, http::Response&) { throw 42; };
  Job job;
  job.handler = &throwing;
  job.run();
  EXPECT_TRUE(job.failed);
  EXPECT_FALSE(job.failure.empty());
}

}  // namespace
}  // namespace prefork::exchange
