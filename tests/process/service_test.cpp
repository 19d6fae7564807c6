// A service as a whole, as its users have it: tests/apps/service, over two workers.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kServiceApp = test_app("service");
const std::string kServiceSite = PREFORK_DEPLOY "/../tests/apps/service/site";
// Of "rabbit", in few rounds.
const std::string kRabbit =
    "$6$rounds=1000$prefork$bSROucqZQGYrZ36tBPPL3vgaUDZzFltu9zFrmtGI8.OFw."
    "FmxClI00b58w4HfJxFftm3L6QAGlDzAajyEdSI1/";

const std::string kBoardJson = "Content-Type: application/json\r\n";
const std::string kBoardForm = "Content-Type: multipart/form-data; boundary=b\r\n";

std::string board_file(const std::string& filename, const std::string& content) {
  return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + filename +
         "\"\r\n\r\n" + content + "\r\n--b--\r\n";
}

std::string note_of(const std::string& title, const std::string& text = "") {
  return Json{{"title", title}, {"text", text}}.dump();
}

// What a browser is told by problem details (RFC 9457).
std::string problem_of(const Reply& reply) {
  EXPECT_EQ(reply.header("Content-Type"), "application/problem+json") << reply;
  return Json::parse(reply.body, nullptr, false).value("detail", "");
}

// One who has logged in, or not: each request over a connection of its own, so that both workers
// have their turns.
class BoardUser {
 public:
  explicit BoardUser(std::string url) : url_(std::move(url)) {}

  Reply send(const std::string& method, const std::string& path, const std::string& body = "",
             const std::string& fields = "") {
    Client client(url_);
    client.send(head(method, path) + "Content-Length: " + std::to_string(body.size()) + "\r\n" +
                fields + "\r\n" + body);
    const Reply reply = client.receive();
    if (const auto field = reply.header("Set-Cookie")) {
      cookie_ = field->substr(0, field->find(';'));
    }
    return reply;
  }
  Reply log_in(const std::string& name, const std::string& password = "rabbit") {
    return send("POST", "/login", "user=" + name + "&password=" + password);
  }
  Reply add(const std::string& json) { return send("POST", "/api/notes", json, kBoardJson); }
  Json notes() { return Json::parse(send("GET", "/api/notes").body, nullptr, false); }

  // Returns when the stream of events has begun.
  std::unique_ptr<Client> listen() {
    auto client = std::make_unique<Client>(url_);
    client->send(head("GET", "/api/events") + "\r\n");
    const Reply reply = client->receive_without_body();
    EXPECT_EQ(reply.header("Content-Type"), "text/event-stream") << reply;
    return client;
  }

 private:
  [[nodiscard]] std::string head(const std::string& method, const std::string& path) const {
    return method + " " + path +
           " HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\nCookie: " + cookie_ + "\r\n";
  }

  std::string url_;
  std::string cookie_;
};

testing::AssertionResult board_tells(Client& listener, std::string_view text) {
  std::string heard;
  if (!listener.receive_until(text, heard)) {
    return testing::AssertionFailure() << "only: " << heard;
  }
  return testing::AssertionSuccess();
}

class BoardOfNotes : public testing::Test {
 protected:
  void SetUp() override {
    if (!exists(kServiceApp)) {
      GTEST_SKIP() << "built without SQLite, OpenSSL or libcrypt";
    }
    const std::string keys = folder_.write("keys", std::string(32, 'k') + "\n");
    ASSERT_EQ(::chmod(keys.c_str(), 0600), 0);
  }
  void start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {kServiceApp, "--workers", "2"};
    for (const std::string& setting :
         {"database=" + folder_ / "notes.db", "keys=" + folder_ / "keys", "site=" + kServiceSite,
          "user_alice=" + kRabbit, "user_bob=" + kRabbit}) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(arguments);
  }
  [[nodiscard]] BoardUser user(const std::string& name) const {
    BoardUser user(server_->url());
    EXPECT_EQ(user.log_in(name).status, 204);
    return user;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(BoardOfNotes, IsForThoseWhoHaveLoggedInUntilTheyLogOut) {
  start();
  BoardUser alice(server_->url());
  for (const char* const path : {"/api/notes", "/api/events", "/api/nothing"}) {
    const Reply refused = alice.send("GET", path);
    EXPECT_EQ(refused.status, 401) << path;
    EXPECT_EQ(problem_of(refused), "log in first");
  }
  EXPECT_EQ(alice.add(note_of("tea")).status, 401);
  EXPECT_EQ(alice.log_in("alice", "hare").status, 403);
  EXPECT_EQ(problem_of(alice.log_in("nobody")), "wrong name or password");
  EXPECT_EQ(alice.log_in("").status, 403);
  EXPECT_EQ(alice.send("GET", "/api/notes").status, 401);

  const Reply in = alice.log_in("alice");
  EXPECT_EQ(in.status, 204) << in;
  EXPECT_TRUE(in.header("Set-Cookie").value_or("").ends_with("; HttpOnly; SameSite=Lax")) << in;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(alice.send("GET", "/api/notes").body, "[]") << "in every worker";
  }
  EXPECT_EQ(alice.send("POST", "/logout").status, 204);
  EXPECT_EQ(alice.send("GET", "/api/notes").status, 401);
}

TEST_F(BoardOfNotes, KeepsNotesAndRefusesWhatIsNone) {
  start();
  BoardUser alice = user("alice");
  const Reply made = alice.add(note_of("tea '); DROP TABLE notes; --", "<b>\u00e9\n"));
  ASSERT_EQ(made.status, 201) << made;
  const Json tea = Json::parse(made.body);
  EXPECT_EQ(tea["author"], "alice");
  EXPECT_EQ(tea["title"], "tea '); DROP TABLE notes; --");
  EXPECT_EQ(tea["text"], "<b>\u00e9\n");
  EXPECT_EQ(alice.notes(), Json::array({tea}));

  const Reply twice = alice.add(note_of(tea["title"]));
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(problem_of(twice), "there is a note of that title");
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"title":"x"})"),
        std::string(R"({"title":7,"text":""})"), note_of(""), note_of(std::string(201, 'x')),
        note_of("x", std::string(4'001, 'x'))}) {
    const Reply refused = alice.add(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_NE(problem_of(refused), "") << body;
  }
  EXPECT_EQ(alice.send("POST", "/api/notes", "title=x", "Content-Type: text/plain\r\n").status,
            415);
  EXPECT_EQ(alice.add(note_of("x", std::string(100'000, 'x'))).status, 413);
  EXPECT_EQ(alice.notes(), Json::array({tea}));

  const std::string path = "/api/notes/" + tea["id"].get<std::string>();
  EXPECT_EQ(user("bob").send("DELETE", path).status, 404) << "it is not bob's";
  EXPECT_EQ(alice.send("DELETE", path).status, 204);
  EXPECT_EQ(problem_of(alice.send("DELETE", path)), "you have no such note");
  EXPECT_EQ(alice.send("DELETE", "/api/notes/tea").status, 404);
  EXPECT_EQ(alice.notes(), Json::array());
}

TEST_F(BoardOfNotes, TakesUploadsOfAForm) {
  start();
  BoardUser alice = user("alice");
  const auto upload = [&](const std::string& form) {
    return alice.send("POST", "/api/files", form, kBoardForm);
  };
  EXPECT_EQ(upload(board_file("C:\\list.txt", "milk\n")).status, 201);
  EXPECT_EQ(upload("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nshop\r\n" +
                   board_file("list.txt", "bread\n"))
                .status,
            201);
  const Json notes = alice.notes();
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0]["title"], "shop") << "the newest first";
  EXPECT_EQ(notes[0]["text"], "bread\n");
  EXPECT_EQ(notes[1]["title"], "list.txt");

  EXPECT_EQ(upload(board_file("large.txt", std::string(4'001, 'x'))).status, 413);
  EXPECT_EQ(problem_of(upload("--b--\r\n")), "form 'file': a file is missing");
  EXPECT_EQ(upload("nothing of the kind").status, 400);
  EXPECT_EQ(alice.send("POST", "/api/files", "{}", kBoardJson).status, 415);
  EXPECT_EQ(alice.notes().size(), 2U);
}

TEST_F(BoardOfNotes, TellsTheClientsOfAllWorkersWhatChanges) {
  start();
  BoardUser alice = user("alice");
  // Connections go to the worker that has fewer of them: so many are at both.
  std::vector<std::unique_ptr<Client>> listeners;
  for (int i = 0; i < 8; ++i) {
    listeners.push_back(alice.listen());
  }
  ASSERT_TRUE(server_->wait_for_statistics([](const Json& report) {
    const std::map<int, int> active = active_connections(report);
    return active.size() == 2 && active.at(0) > 0 && active.at(1) > 0;
  }));
  const Json made = Json::parse(user("bob").add(note_of("tea")).body);
  for (const auto& listener : listeners) {
    EXPECT_TRUE(
        board_tells(*listener, "id: 1\ndata: " + Json::object({{"note", made}}).dump() + "\n\n"));
  }
  EXPECT_EQ(user("bob").send("DELETE", "/api/notes/1").status, 204);
  for (const auto& listener : listeners) {
    EXPECT_TRUE(board_tells(*listener, "id: 2\ndata: {\"removed\":\"1\"}\n\n"));
  }
}

TEST_F(BoardOfNotes, RemovesWhatIsOld) {
  start({"--set", "keep_seconds=1", "--set", "sweep_seconds=1"});
  BoardUser alice = user("alice");
  const auto listener = alice.listen();
  EXPECT_EQ(alice.add(note_of("tea")).status, 201);
  EXPECT_TRUE(board_tells(*listener, "data: {\"removed\":\"1\"}\n\n"));
  EXPECT_EQ(alice.notes(), Json::array());
}

TEST_F(BoardOfNotes, ShowsItsPages) {
  start();
  const Reply page = get(server_->url(), "/");
  EXPECT_EQ(page.status, 200) << page;
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Content-Security-Policy"), "default-src 'self'; frame-ancestors 'none'");
  EXPECT_EQ(page.body, read_file(kServiceSite + "/index.html"));
  for (const char* const path : {"/app.js", "/style.css"}) {
    EXPECT_NE(page.body.find("\"" + std::string(path) + "\""), std::string::npos) << path;
    EXPECT_EQ(get(server_->url(), path).status, 200) << path;
  }
  EXPECT_EQ(get(server_->url(), "/service.cpp").status, 404);
}

TEST_F(BoardOfNotes, KeepsTheNotesOverARestart) {
  start();
  EXPECT_EQ(user("alice").add(note_of("tea")).status, 201);
  server_.reset();
  start();
  EXPECT_EQ(user("bob").notes().size(), 1U);
}

TEST_F(BoardOfNotes, DoesNotStartWithoutItsDatabase) {
  const FinishedRun run = run_to_the_end(launch_of(
      {kServiceApp, "--port", "0", "--admin", "127.0.0.1:0", "--set", "database=/nowhere/notes.db",
       "--set", "keys=" + folder_ / "keys", "--set", "site=" + kServiceSite}));
  EXPECT_TRUE(run.exit && *run.exit != exit_code(0));
  EXPECT_NE(run.err.find("unable to open database file"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace prefork::test
