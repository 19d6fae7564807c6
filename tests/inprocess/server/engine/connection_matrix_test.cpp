// Every state of a connection and its session, and everything that can happen in it: one row for
// each state, one column for each event, and in the cell what the client sees of it.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/inprocess/server/engine/stream_harness.h"

namespace prefork::engine {
namespace {

using namespace testing_http;

enum class Event : std::uint8_t {
  bytes,     // the rest of what was begun, and a request behind it
  end,       // the client sends no more
  gone,      // and it is gone
  room,      // the client reads what there is
  job,       // the handler elsewhere is done
  wake,      // the source of the content has all of it
  deadline,  // much time passes
  stop,      // the service stops, and some time passes
  count_
};

constexpr std::size_t kEvents = static_cast<std::size_t>(Event::count_);

struct Row {
  std::string_view state;
  // "open" or "closed", and the status codes that have come since the state was reached, or the
  // content where the head came before; "-": the event cannot happen there.
  std::array<std::string_view, kEvents> outcomes;
};

//   bytes, end, gone, room, job, wake, deadline, stop
constexpr std::array<Row, 10> kTable = {{
    {"idle", {"open 200", "closed", "closed", "open", "-", "-", "closed", "closed"}},
    {"kept alive", {"open 200", "closed", "closed", "open", "-", "-", "closed", "closed"}},
    {"head", {"open 200 200", "closed", "closed", "open", "-", "-", "closed 408", "open"}},
    {"long head", {"open 200 200", "closed", "closed", "open", "-", "-", "closed 408", "open"}},
    {"short body", {"open 200 200", "closed", "closed", "open", "-", "-", "closed 408", "open"}},
    {"body", {"open 200 200", "closed", "closed", "open", "-", "-", "closed 408", "open"}},
    {"handling", {"open", "open", "closed", "open", "open 200", "-", "open", "open"}},
    {"sending", {"open", "open", "closed", "open", "-", "open abc", "open", "open"}},
    {"blocked", {"open 200", "open 200", "closed", "open 200", "-", "-", "closed 200", "open 200"}},
    {"lingering",
     {"open 501", "closed 501", "closed", "open 501", "-", "-", "closed 501", "closed 501"}},
}};

class ConnectionMatrix : public StreamTest {
 protected:
  ConnectionMatrix() {
    settings_.timeouts.header = settings_.timeouts.body = settings_.timeouts.write =
        settings_.timeouts.keep_alive = 10s;
    executor_ = &held_;
    serve("/source", source_, 3);
    source_.on_read = [this](std::span<char> room) -> http::SourceResult {
      if (!has_content_) {
        return {http::SourceStatus::wait, 0};
      }
      return source_.given == 0 ? fill(room, "abc")
                                : http::SourceResult{http::SourceStatus::end, 0};
    };
    router_.add(http::Method::get, "/large", exchange::RunOn::loop,
                [](const http::Request&, http::Response& response) {
                  response.set_body(std::string(600'000, 'x'));
                });
  }

  // Brings a new connection into the state; `rest_` is what the message in it lacks.
  void reach(std::string_view state) {
    client_ = std::make_unique<Client>(connect_narrowly());
    rest_.clear();
    if (state == "kept alive") {
      exchange(*client_, get("/"));
    } else if (state == "head") {
      begin(get("/"), 10);
    } else if (state == "long head") {
      begin(get("/", "X: " + std::string(2'000, 'x') + "\r\n"), 2'000);
    } else if (state == "short body") {
      begin(post("/echo", "12345"), post("/echo", "12345").size() - 2);
    } else if (state == "body") {
      begin(post("/echo", std::string(3'000, 'x')), 2'500);
    } else if (state == "handling") {
      begin(get("/slow"), get("/slow").size());
    } else if (state == "sending") {
      begin(get("/source"), get("/source").size());
      client_->take();
    } else if (state == "blocked") {
      begin(get("/large"), get("/large").size());
    } else if (state == "lingering") {
      begin(kUnknownMethod, kUnknownMethod.size());
    }
  }

  void begin(const std::string& message, std::size_t size) {
    client_->send(message.substr(0, size));
    rest_ = message.substr(size);
    turn();
  }

  void happen(Event event) {
    switch (event) {
      case Event::bytes:
        client_->send_some(rest_ + get("/"));
        break;
      case Event::end:
        client_->finish_sending();
        break;
      case Event::gone:
        client_->close();
        break;
      case Event::room:
        for (int i = 0; i < 1'000; ++i) {
          received_ += client_->take();
          turn();
        }
        break;
      case Event::job:
        held_.complete(server());
        break;
      case Event::wake:
        has_content_ = true;
        source_.wake();
        break;
      case Event::deadline:
        clock_.advance(1min);
        break;
      case Event::stop:
        server().drain(DrainMode::close);
        clock_.advance(1500ms);
        break;
      case Event::count_:
        break;
    }
    // Lingering has a time of its own, which is not looked at here.
    for (int i = 0; i < 3; ++i) {
      turn();
      if (event == Event::deadline) {
        clock_.advance(3s);
      }
    }
  }

  std::string outcome() {
    if (client_->fd() >= 0) {
      received_ += client_->take();
    }
    std::string text = server().connection_count() == 0 ? "closed" : "open";
    std::size_t at = 0;
    constexpr std::string_view kLine = "HTTP/1.1 ";
    if (!received_.empty() && !received_.starts_with(kLine)) {
      text.append(" ").append(received_);
    }
    while ((at = received_.find(kLine, at)) != std::string::npos) {
      text.append(" ").append(received_.substr(at + kLine.size(), 3));
      at += kLine.size();
    }
    return text;
  }

  HeldJobs held_;
  SourceControl source_;
  bool has_content_ = false;
  std::unique_ptr<Client> client_;
  std::string rest_;
  std::string received_;
};

class ConnectionMatrixCell
    : public ConnectionMatrix,
      public testing::WithParamInterface<std::tuple<std::size_t, std::size_t>> {};

TEST_P(ConnectionMatrixCell, ShowsWhatTheTableSays) {
  const auto [row, column] = GetParam();
  const std::string_view expected = kTable[row].outcomes[column];
  if (expected == "-") {
    return;
  }
  PREFORK_SKIP_OVER_RECORDS();
  reach(kTable[row].state);
  happen(static_cast<Event>(column));
  EXPECT_EQ(outcome(), expected);
  while (!held_.jobs.empty()) {
    held_.complete(server());
  }
}

std::string name_of_cell(
    const testing::TestParamInfo<std::tuple<std::size_t, std::size_t>>& parameter) {
  static constexpr std::array<std::string_view, kEvents> kNames = {
      "Bytes", "End", "Gone", "Room", "Job", "Wake", "Deadline", "Stop"};
  std::string name(kTable[std::get<0>(parameter.param)].state);
  name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
  return name + "And" + std::string(kNames[std::get<1>(parameter.param)]);
}

INSTANTIATE_TEST_SUITE_P(Every, ConnectionMatrixCell,
                         testing::Combine(testing::Range<std::size_t>(0, kTable.size()),
                                          testing::Range<std::size_t>(0, kEvents)),
                         name_of_cell);

}  // namespace
}  // namespace prefork::engine
