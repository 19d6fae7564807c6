// The access log as the programs read it that people read theirs with.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

// Everything that a line may have to tell: methods, states, fields that end a quoted part, bytes
// that are no text, requests that nobody can understand and those that end early.
const std::vector<std::string>& odd_requests() {
  static const std::vector<std::string> requests = {
      get_request("/plaintext"),
      get_request("/json?a=1&b=%22%20"),
      get_request("/nowhere/\"quoted\"/\\"),
      "HEAD /plaintext HTTP/1.1\r\nHost: shop.test:8080\r\n\r\n",
      "GET /plaintext HTTP/1.1\r\nHost: a\r\nUser-Agent: a \"b\" \\ c\t\xFF\xC3\xA9 [x]\r\n"
      "Referer: http://shop.test/a?b=\"c\"\r\n\r\n",
      "GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      "DELETE /plaintext HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /" + std::string(3000, 'x') + "?" + std::string(3000, '"') +
          " HTTP/1.1\r\nHost: a\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nnonsense\r\n\r\n",
  };
  return requests;
}

// Each on a connection of its own; the number of lines that there are to be.
std::size_t ask_all(const ServerProcess& server) {
  for (const std::string& request : odd_requests()) {
    Client client(server.url());
    EXPECT_TRUE(client.send(request));
    EXPECT_TRUE(client.is_readable_within(kPatience)) << request;
  }
  return odd_requests().size();
}

bool has_lines(const std::string& path, std::size_t count) {
  return wait_until([&] {
    const std::string text = read_file(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == count;
  });
}

bool is_there(const std::string& program) {
  return ::access(("/usr/bin/" + program).c_str(), X_OK) == 0;
}

FinishedRun run_program(const std::string& name, std::vector<std::string> arguments) {
  Launch launch;
  launch.program = "/usr/bin/" + name;
  launch.arguments = std::move(arguments);
  return run_to_the_end(std::move(launch));
}

TEST(LogReaders, GoAccessUnderstandsEveryLine) {
  if (!is_there("goaccess")) {
    GTEST_SKIP() << "goaccess is not installed";
  }
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  const ServerProcess server({"--workers", "2", "--access-log", access});
  const std::size_t lines = ask_all(server);
  ASSERT_TRUE(has_lines(access, lines)) << read_file(access);
  const std::string report = folder / "report.json";
  const FinishedRun run =
      run_program("goaccess", {access, "--no-global-config", "--log-format=COMBINED",
                               "--invalid-requests=" + (folder / "invalid"), "-o", report});
  ASSERT_EQ(run.exit, exit_code(0)) << run.out << run.err;
  const Json general = Json::parse(read_file(report))["general"];
  EXPECT_EQ(general["failed_requests"], 0) << read_file(folder / "invalid") << read_file(access);
  EXPECT_EQ(general["valid_requests"], lines) << general;
}

TEST(LogReaders, JqReadsEachLineOfJson) {
  if (!is_there("jq")) {
    GTEST_SKIP() << "jq is not installed";
  }
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  const ServerProcess server(
      {"--workers", "2", "--access-log", access, "--access-log-format", "json"});
  const std::size_t lines = ask_all(server);
  ASSERT_TRUE(has_lines(access, lines)) << read_file(access);
  const FinishedRun run = run_program(
      "jq", {"-c", R"(select((.timestamp | test("^[-0-9]+T[0-9:]+\\.[0-9]{3}\\+00:00$")) and
                             (.["http.response.status_code"] | type) == "number") |
                      .["http.response.status_code"])",
             access});
  ASSERT_EQ(run.exit, exit_code(0)) << run.err;
  EXPECT_EQ(static_cast<std::size_t>(std::count(run.out.begin(), run.out.end(), '\n')), lines)
      << run.out;
}

}  // namespace
}  // namespace prefork::test
