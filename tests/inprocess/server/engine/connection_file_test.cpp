// Answers that are not copied: parts of files, and large bodies that are in memory already.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "server/net/socket_transport.h"
#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

// Bytes that tell where they come from.
std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>('a' + (i / 7 + i / 65'536) % 26);
  }
  return bytes;
}

class ConnectionFile : public StreamTest {
 protected:
  // As in a worker: sendfile(2) has no flag against the signal.
  ConnectionFile() : old_action_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~ConnectionFile() override { std::signal(SIGPIPE, old_action_); }

  static std::shared_ptr<const ipc::OwnedFd> make_file(const std::string& content) {
    auto file = std::make_shared<const ipc::OwnedFd>(::memfd_create("content", MFD_CLOEXEC));
    EXPECT_TRUE(file->valid());
    std::size_t written = 0;
    while (written < content.size()) {
      const ssize_t size = ::write(file->get(), content.data() + written, content.size() - written);
      EXPECT_GT(size, 0);
      written += static_cast<std::size_t>(std::max<ssize_t>(size, 1));
    }
    return file;
  }

  void serve_pieces(std::string path, std::vector<http::BodyPiece> pieces) {
    router_.add(http::Method::get, std::move(path), exchange::RunOn::loop,
                [pieces = std::move(pieces)](const http::Request&, http::Response& response) {
                  for (const http::BodyPiece& piece : pieces) {
                    response.add_piece(piece);
                  }
                });
  }

 private:
  void (*old_action_)(int);
};

TEST_F(ConnectionFile, AWholeFileIsSent) {
  const std::string content = pattern(100'000);
  serve_pieces("/file", {{"", make_file(content), 0, content.size()}});
  for (const bool tcp : {false, true}) {
    Client client = tcp ? connect_by_tcp() : connect();
    client.send(get("/") + get("/file") + get("/"));
    ASSERT_TRUE(turn_until_received(client, answer(200, "root").substr(60)));
    ASSERT_TRUE(turn_until([&] { return client.received().size() > content.size() + 300; }));
    EXPECT_TRUE(client.take() == answer(200, "root") + answer(200, content) + answer(200, "root"));
  }
}

TEST_F(ConnectionFile, RangesAndTextAreSentInTheirOrder) {
  const std::string content = pattern(300'000);
  const auto file = make_file(content);
  serve_pieces("/parts", {{"--one\r\n", file, 1, 100'000},
                          {"\r\n--two\r\n", file, 299'999, 1},
                          {"", nullptr, 0, 0},
                          {"", file, 0, 0},
                          {"\r\n--end\r\n", nullptr, 0, 0}});
  Client client = connect_narrowly();
  const std::string body = "--one\r\n" + content.substr(1, 100'000) + "\r\n--two\r\n" +
                           content.substr(299'999) + "\r\n--end\r\n";
  client.send(get("/parts") + get("/"));
  ASSERT_TRUE(turn_until([&] { return client.received().size() > body.size() + 200; }));
  EXPECT_TRUE(client.take() == answer(200, body) + answer(200, "root"));
}

TEST_F(ConnectionFile, HeadAndNoContentAtAllSendNothingOfIt) {
  serve_pieces("/file", {{"text", make_file("abc"), 0, 3}});
  serve_pieces("/empty", {{"", make_file(""), 0, 0}});
  Client client = connect();
  EXPECT_EQ(exchange(client, "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n" + get("/empty") + get("/")),
            counted_head(7) + counted_head(0) + answer(200, "root"));
}

TEST_F(ConnectionFile, AnHttp10ClientGetsAFileWithItsLength) {
  serve_pieces("/file", {{"", make_file("abc"), 0, 3}});
  Client client = connect();
  EXPECT_EQ(exchange(client, "GET /file HTTP/1.0\r\n\r\n"), answer(200, "abc", kClose));
  EXPECT_TRUE(client.at_clean_end());
}

TEST_F(ConnectionFile, AFileThatBecomesShorterCutsTheConnection) {
  // More than the kernel takes for a client that reads nothing: tcp_wmem and tcp_rmem, which grow.
  constexpr std::size_t kSize = 256'000'000;
  const auto file = make_file("");
  ASSERT_EQ(::ftruncate(file->get(), kSize), 0);
  serve_pieces("/file", {{"", file, 0, kSize}});
  Client client = connect_by_tcp();
  client.send(get("/file") + get("/"));
  turn();
  ASSERT_FALSE(client.at_any_end());
  ASSERT_EQ(::ftruncate(file->get(), 0), 0);
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_FALSE(client.at_clean_end());
  EXPECT_LT(client.take().size(), kSize);
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second,
            "request 1 GET /file cut off in its answer: the file became shorter while it was sent");
}

TEST_F(ConnectionFile, APartBehindTheEndOfTheFileCutsTheConnection) {
  serve_pieces("/file", {{"", make_file("abc"), 2, 5}});
  Client client = connect();
  client.send(get("/file"));
  turn();
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(client.take(), counted_head(5) + "c");
}

TEST_F(ConnectionFile, SomethingThatCannotBeSentCutsTheConnection) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const ipc::OwnedFd other_end(ends[1]);
  serve_pieces("/socket", {{"", std::make_shared<const ipc::OwnedFd>(ends[0]), 0, 5}});
  Client client = connect();
  client.send(get("/socket"));
  turn();
  EXPECT_TRUE(client.at_any_end());
  EXPECT_EQ(client.take(), counted_head(5));
  ASSERT_EQ(hooks_.reports.size(), 1U);
  EXPECT_EQ(hooks_.reports[0].second,
            "request 1 GET /socket cut off in its answer: the file cannot be read");
}

TEST_F(ConnectionFile, AClientThatIsGoneIsNoFaultOfTheFile) {
  const auto file = make_file("abc");
  const auto write_only =
      std::make_shared<const ipc::OwnedFd>(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (const bool tcp : {false, true}) {
    auto ends = tcp ? make_tcp_pair() : make_pair();
    net::SocketTransport transport(std::move(ends.first));
    EXPECT_EQ(transport.send_file(file->get(), 3, 1).status, net::IoStatus::end);
    EXPECT_EQ(transport.send_file(write_only->get(), 0, 1).status, net::IoStatus::unreadable);
    net::SocketTransport(std::move(ends.second)).abort();
    EXPECT_EQ(transport.send_file(file->get(), 0, 3).status, net::IoStatus::reset) << tcp;
    EXPECT_EQ(transport.send_file(file->get(), 0, 3).status, net::IoStatus::reset) << tcp;
  }
}

TEST_F(ConnectionFile, AClientThatReadsSlowlyGetsALargeFileWhole) {
  const std::string content = pattern(8 * 1024 * 1024);
  serve_pieces("/file", {{"", make_file(content), 0, content.size()}});
  for (const bool tcp : {false, true}) {
    Client client = tcp ? connect_by_tcp() : connect_narrowly();
    client.send(get("/file") + get("/"));
    const std::size_t expected = content.size() + 2 * answer(200, "").size();
    std::string received;
    ASSERT_TRUE(turn_until([&] {
      received += client.take_one_write();
      return received.size() >= expected;
    }));
    turn();
    received += client.take();
    EXPECT_TRUE(received == answer(200, content) + answer(200, "root")) << received.size();
    EXPECT_EQ(gauge(ipc::Gauge::connections_idle), 1U);
    client.close();
    turn();
  }
}

TEST_F(ConnectionFile, TheFileIsGivenBackWhenTheClientGoes) {
  auto file = make_file(pattern(4'000'000));
  const std::weak_ptr<const ipc::OwnedFd> watched = file;
  router_.add(http::Method::get, "/file", exchange::RunOn::loop,
              [&file](const http::Request&, http::Response& response) {
                response.add_piece({"", std::move(file), 0, 4'000'000});
              });
  for (const std::string_view method : {"HEAD", "GET"}) {
    if (method == "GET") {
      file = make_file(pattern(4'000'000));
    }
    Client client = connect_narrowly();
    client.send(std::string(method) + " /file HTTP/1.1\r\nHost: a\r\n\r\n");
    turn();
    if (method == "HEAD") {
      EXPECT_TRUE(watched.expired());
    }
    client.close();
    turn();
    EXPECT_EQ(server().connection_count(), 0U);
  }
  EXPECT_TRUE(watched.expired());
}

// --- large bodies --------------------------------------------------------------------------------

class ConnectionLargeBody : public ConnectionFile {};

TEST_F(ConnectionLargeBody, GoesOutWithItsHeadInOneWrite) {
  PREFORK_SKIP_OVER_RECORDS();
  const std::string body = pattern(40'000);
  router_.add(http::Method::get, "/large", exchange::RunOn::loop,
              [&](const http::Request&, http::Response& response) { response.set_body(body); });
  Client client = connect_by_packets();
  client.send(get("/large"));
  turn();
  EXPECT_TRUE(client.take_one_write() == answer(200, body));
}

TEST_F(ConnectionLargeBody, IsSentWholeAndInOrderFromLoopAndPool) {
  HeldJobs held;
  executor_ = &held;
  const std::string body = pattern(5'000'000);
  for (const auto& [path, run_on] :
       {std::pair{"/loop", exchange::RunOn::loop}, {"/pool", exchange::RunOn::pool}}) {
    router_.add(http::Method::get, path, run_on,
                [&](const http::Request&, http::Response& response) { response.set_body(body); });
  }
  Client client = connect_narrowly();
  client.send(get("/loop") + get("/pool") + get("/"));
  std::string received;
  const std::string expected = answer(200, body) + answer(200, body) + answer(200, "root");
  ASSERT_TRUE(turn_until([&] {
    received += client.take();
    if (!held.jobs.empty()) {
      held.complete(server());
    }
    return received.size() >= expected.size();
  }));
  EXPECT_TRUE(received == expected);
  expect_a_latency_for_each_request();
}

TEST_F(ConnectionLargeBody, HeadHasItsLengthAndNothingElse) {
  router_.add(http::Method::get, "/large", exchange::RunOn::loop,
              [&](const http::Request&, http::Response& response) {
                response.set_body(std::string(1'000'000, 'x'));
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, "HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/")),
            counted_head(1'000'000) + answer(200, "root"));
}

TEST_F(ConnectionLargeBody, ClosesTheConnectionBehindItWhenAsked) {
  const std::string body = pattern(1'000'000);
  router_.add(http::Method::get, "/large", exchange::RunOn::loop,
              [&](const http::Request&, http::Response& response) { response.set_body(body); });
  Client client = connect_narrowly();
  client.send(get("/large", kClose) + get("/"));
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_TRUE(client.take() == answer(200, body, kClose));
  EXPECT_EQ(count(ipc::Counter::requests), 1U);
}

}  // namespace
}  // namespace prefork::engine
