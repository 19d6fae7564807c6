// Answers that a handler on a thread writes while they are sent (Response::start_stream).
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

class ConnectionHandlerStream : public HandlerStreamTest {};

TEST_F(ConnectionHandlerStream, TheHeadAndWhatIsWrittenGoOutWhileTheHandlerRuns) {
  on_pool("/stream", [this](const http::Request&, http::Response& response) {
    response.add_field("X-A", "b");
    exchange::BodyChannel& out = response.start_stream();
    out.write("hello");
    gate_.wait();
    out.write(" world");
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream") + get("/"));
  const std::string head = chunked_head("X-A: b\r\n");
  ASSERT_TRUE(turn_until_received(client, "hello\r\n"));
  EXPECT_EQ(gauge(ipc::Gauge::requests_in_progress), 1U);
  EXPECT_EQ(client.take(), head + "5\r\nhello\r\n");
  gate_.open();
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), "6\r\n world\r\n0\r\n\r\n" + answer(200, "root"));
  finish_handlers();
  EXPECT_EQ(count(ipc::Counter::handler_errors), 0U);
}

TEST_F(ConnectionHandlerStream, AStreamWithASizeHasALength) {
  on_pool("/stream", [](const http::Request&, http::Response& response) {
    response.start_stream(5).write("hello");
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream") + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), counted_head(5) + "hello" + answer(200, "root"));
}

TEST_F(ConnectionHandlerStream, TheNextRequestDoesNotWaitForAHandlerThatHasWrittenEverything) {
  on_pool("/stream", [this](const http::Request&, http::Response& response) {
    response.start_stream(5).write("hello");
    gate_.wait();
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream") + get("/") + get("/slow"));
  ASSERT_TRUE(turn_until_received(client, "/slow "));
  EXPECT_EQ(client.take(), counted_head(5) + "hello" + answer(200, "root") + answer(200, "/slow "));
  gate_.open();
  finish_handlers();
  EXPECT_EQ(client.take(), "") << "its end is nothing to the client any more";
}

TEST_F(ConnectionHandlerStream, AnHttp10ClientReadsUntilTheEnd) {
  on_pool("/stream", [](const http::Request&, http::Response& response) {
    response.start_stream().write("hello");
  });
  use_pool();
  Client client = connect();
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_TRUE(client.take().ends_with("Connection: close\r\n\r\nhello"));
}

TEST_F(ConnectionHandlerStream, AHandlerIsSlowedDownByItsClient) {
  std::atomic<std::uint64_t> written{0};
  const std::string piece(10'000, 'x');
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    for (int i = 0; i < 1000 && out.write(piece); ++i) {
      written += piece.size();
    }
  });
  use_pool();
  Client client = connect_narrowly();
  client.send(get("/stream"));
  // It is at rest when the channel is full and the connection blocked: nothing changes any more.
  std::uint64_t before = 1;
  int ticks = 0;
  ASSERT_TRUE(turn_until([&] {
    if (hooks_.ticks < ticks + 2) {
      return false;
    }
    ticks = hooks_.ticks;
    return std::exchange(before, written.load()) == written.load();
  }));
  EXPECT_LT(written, 1'000'000U);
  ASSERT_TRUE(turn_until_received(client, "\r\n0\r\n\r\n"));
  const std::string received = client.take();
  const Chunked chunked = read_chunks(std::string_view(received).substr(chunked_head().size()));
  EXPECT_TRUE(chunked.complete);
  EXPECT_EQ(chunked.content.size(), 10'000'000U);
  EXPECT_EQ(written, 10'000'000U);
}

TEST_F(ConnectionHandlerStream, AHandlerThatThrowsAfterItsStartCutsTheConnection) {
  on_pool("/stream", [this](const http::Request&, http::Response& response) {
    response.start_stream().write("hello");
    gate_.wait();
    throw std::runtime_error("no disk");
  });
  use_pool();
  Client client = connect_by_tcp();
  client.send(get("/stream") + get("/"));
  ASSERT_TRUE(turn_until_received(client, "hello\r\n"));
  gate_.open();
  ASSERT_TRUE(turn_until_end(client));
  EXPECT_FALSE(client.at_clean_end());
  EXPECT_EQ(client.take(), chunked_head() + "5\r\nhello\r\n");
  finish_handlers();
  EXPECT_TRUE(reported("request 1 GET /stream cut off in its answer: no disk"));
}

TEST_F(ConnectionHandlerStream, AHandlerThatThrowsAfterItsStartIsOneErrorAndOneLine) {
  on_pool("/stream", [](const http::Request&, http::Response& response) {
    response.start_stream().write("hello");
    throw std::runtime_error("no disk");
  });
  const auto added =
      router_.add_deferred("GET", "/deferred", {}, [](std::unique_ptr<exchange::Job> job) {
        job->response.start_stream().write("hello");
        job->failed = true;
        job->failure = "no disk";
        job->finish();
        exchange::CompletionSink& sink = *job->sink;
        sink.deliver(std::move(job));
      });
  ASSERT_TRUE(added.ok());
  use_pool();
  for (const std::string path : {"/stream", "/deferred"}) {
    hooks_.reports.clear();
    const std::uint64_t errors = count(ipc::Counter::handler_errors);
    Client client = connect_by_tcp();
    client.send(get(path));
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_FALSE(client.at_clean_end()) << path;
    finish_handlers();
    EXPECT_EQ(count(ipc::Counter::handler_errors), errors + 1) << path;
    ASSERT_EQ(hooks_.reports.size(), 1U) << path;
    EXPECT_TRUE(hooks_.reports[0].second.ends_with(path + " cut off in its answer: no disk"))
        << hooks_.reports[0].second;
  }
}

TEST_F(ConnectionHandlerStream, AHandlerThatEndsWithoutWritingHasAnEmptyAnswer) {
  on_pool("/stream",
          [](const http::Request&, http::Response& response) { response.start_stream(); });
  use_pool();
  Client client = connect();
  client.send(get("/stream") + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), chunked_head() + "0\r\n\r\n" + answer(200, "root"));
}

TEST_F(ConnectionHandlerStream, WritingTooLittleOrTooMuchForTheSizeCutsTheConnection) {
  on_pool("/little", [](const http::Request&, http::Response& response) {
    response.start_stream(5).write("hell");
  });
  on_pool("/much", [](const http::Request&, http::Response& response) {
    response.start_stream(5).write("hello!");
  });
  use_pool();
  for (const std::string path : {"/little", "/much"}) {
    Client client = connect_by_tcp();
    client.send(get(path) + get("/"));
    ASSERT_TRUE(turn_until_end(client));
    EXPECT_FALSE(client.at_clean_end()) << path;
    EXPECT_LT(client.take().size(), counted_head(5).size() + 5) << path;
  }
}

TEST_F(ConnectionHandlerStream, WritingForAClientThatLeftReturnsFalse) {
  std::atomic<bool> told{false};
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    const std::string piece(100'000, 'x');
    while (out.write(piece)) {
    }
    told = true;
  });
  use_pool();
  Client client = connect_narrowly();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until([&] { return !client.received().empty(); }));
  client.close();
  finish_handlers();
  EXPECT_TRUE(told);
  EXPECT_EQ(count(ipc::Counter::handler_errors), 0U);
}

TEST_F(ConnectionHandlerStream, WritingForHeadReturnsFalse) {
  std::atomic<bool> told{false};
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    while (out.write("hello")) {
    }
    told = true;
  });
  use_pool();
  Client client = connect();
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), chunked_head() + answer(200, "root"));
  finish_handlers();
  EXPECT_TRUE(told);
}

TEST_F(ConnectionHandlerStream, AStartThatMayNotGoOutBecomesA500) {
  std::atomic<bool> told{false};
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    response.add_field("X", "a\r\nY: b");
    exchange::BodyChannel& out = response.start_stream();
    while (out.write("hello")) {
    }
    told = true;
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream") + get("/"));
  ASSERT_TRUE(turn_until_received(client, "root"));
  EXPECT_EQ(client.take(), error_answer(500, "") + answer(200, "root"));
  finish_handlers();
  EXPECT_TRUE(told);
}

TEST_F(ConnectionHandlerStream, AStreamStartsOnce) {
  std::atomic<bool> refused{false};
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    try {
      response.start_stream();
    } catch (const std::logic_error&) {
      refused = true;
    }
    out.write("hello");
  });
  use_pool();
  Client client = connect();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until_received(client, "0\r\n\r\n"));
  EXPECT_EQ(client.take(), chunked_head() + "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_TRUE(refused);
}

TEST_F(ConnectionHandlerStream, OnTheLoopAStreamIsRefused) {
  router_.add(http::Method::get, "/stream", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.start_stream().write("hello");
              });
  Client client = connect();
  EXPECT_EQ(exchange(client, get("/stream") + get("/")),
            error_answer(500, "") + answer(200, "root"));
}

TEST_F(ConnectionHandlerStream, ManyStreamsAtOnceAreAllWhole) {
  on_pool("/stream", [](const http::Request& request, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    for (int i = 0; i < 200; ++i) {
      out.write(std::string(static_cast<std::size_t>(1 + i * 37), 'x'));
      out.write(std::string(request.query));
    }
  });
  use_pool(4);
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect_narrowly());
    const std::string target = "/stream?" + std::to_string(i);
    clients.back().send(get(target) + get(target) + get("/"));
  }
  std::size_t done = 0;
  ASSERT_TRUE(turn_until([&] {
    done = 0;
    for (Client& client : clients) {
      done += client.received().ends_with("root") ? 1U : 0U;
    }
    return done == clients.size();
  }));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    std::string content;
    for (int k = 0; k < 200; ++k) {
      content += std::string(static_cast<std::size_t>(1 + k * 37), 'x') + std::to_string(i);
    }
    const std::string received = clients[i].take();
    const std::size_t head = chunked_head().size();
    const Chunked first = read_chunks(std::string_view(received).substr(head));
    EXPECT_TRUE(first.content == content);
    ASSERT_TRUE(first.rest.starts_with("HTTP/1.1 200"));
    const Chunked second = read_chunks(std::string_view(first.rest).substr(head));
    EXPECT_TRUE(second.content == content);
    EXPECT_EQ(second.rest, answer(200, "root"));
  }
}

// --- the worker's end ----------------------------------------------------------------------------

TEST_F(ConnectionHandlerStream, AHandlerThatWritesToNobodyDoesNotOutliveTheServer) {
  std::atomic<int> told{0};
  on_pool("/stream", [&](const http::Request&, http::Response& response) {
    exchange::BodyChannel& out = response.start_stream();
    while (out.write(std::string(50'000, 'x'))) {
    }
    ++told;
  });
  use_pool();
  Client client = connect_narrowly();
  client.send(get("/stream"));
  ASSERT_TRUE(turn_until([&] { return !client.received().empty(); }));
  // The loop has ended: nobody turns it any more.
  server().abandon_all();
  pool_.reset();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(client.at_any_end());
  server_.reset();
}

TEST_F(ConnectionHandlerStream, AHandlerThatStartsBehindTheEndOfTheLoopDoesNotHangEither) {
  for (const bool starts_before : {true, false}) {
    std::atomic<int> told{0};
    Gate entered;
    Gate go_on;
    Gate started;
    const std::string path = starts_before ? "/before" : "/after";
    on_pool(path, [&](const http::Request&, http::Response& response) {
      entered.open();
      go_on.wait();
      exchange::BodyChannel& out = response.start_stream();
      started.open();
      while (out.write(std::string(50'000, 'x'))) {
      }
      ++told;
    });
    use_pool();
    Client client = connect();
    client.send(get(path));
    turn();
    entered.wait();
    if (starts_before) {
      // Delivered, and never taken.
      go_on.open();
      started.wait();
    }
    server().abandon_all();
    go_on.open();
    pool_.reset();
    EXPECT_EQ(told, 1);
    server_.reset();
    executor_ = nullptr;
    record_ = std::make_unique<ipc::WorkerRecord>();
    hooks_.connections_gone = 0;
  }
}

}  // namespace
}  // namespace prefork::engine
