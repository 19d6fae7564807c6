// Groups and settings of an application, as the wire and the operator see them; see
// tests/apps/groups.cpp.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kGroupsApp = test_app("groups");

class Groups : public testing::Test {
 protected:
  Groups() { files_.write("a.txt", "of a folder\n"); }

  Reply ask(const std::string& request_line, const std::string& fields = "",
            const std::string& body = "") {
    client_.send(request_line + " HTTP/1.1\r\nHost: test\r\n" + fields +
                 (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
                 "\r\n" + body);
    return client_.receive();
  }

  const TemporaryFolder files_;
  ServerProcess server_{{kGroupsApp, "--workers", "1", "--set", "files=" + files_.path()}};
  Client client_{server_.url()};
};

TEST_F(Groups, GuardTheirHandlersFoldersAndWhatIsNotThere) {
  for (const char* path : {"/admin/me", "/admin/files/a.txt", "/admin/files/b.txt", "/admin/x"}) {
    EXPECT_EQ(ask(std::string("GET ") + path).status, 401) << path;
    const Reply reply = ask(std::string("GET ") + path, "X-User: ann\r\n");
    EXPECT_NE(reply.status, 401) << path;
    EXPECT_EQ(reply.header("X-Seen"), "ann") << path;
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff") << path;
  }
  EXPECT_EQ(ask("GET /admin/me", "X-User: ann\r\n").body, "ann");
  EXPECT_EQ(ask("GET /admin/files/a.txt", "X-User: ann\r\n").body, "of a folder\n");
  EXPECT_EQ(ask("GET /settings").status, 200);
}

TEST_F(Groups, TakeAsMuchContentAsTheySay) {
  const std::string user = "X-User: ann\r\n";
  EXPECT_EQ(ask("POST /admin/notes", user, "0123456789").status, 201);
  EXPECT_EQ(ask("PUT /api/items/7", "", std::string(20, 'x')).body, "7");
  Client other(server_.url());
  other.send("POST /admin/notes HTTP/1.1\r\nHost: test\r\n" + user +
             "Content-Length: 11\r\n\r\n01234567890");
  EXPECT_EQ(other.receive().status, 413);
  EXPECT_EQ(ask("PUT /api/items/7", "", std::string(21, 'x')).status, 413);
}

TEST_F(Groups, AnswerWhatBrowsersAskBeforeARequest) {
  const std::string fields =
      "Origin: https://shop.example\r\nAccess-Control-Request-Method: PUT\r\n";
  const Reply reply = ask("OPTIONS /api/items/7", fields);
  EXPECT_EQ(reply.status, 204) << reply;
  EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(reply.header("Access-Control-Allow-Methods"), "OPTIONS, GET, HEAD, PUT");
  EXPECT_EQ(ask("OPTIONS /api/nowhere", fields).status, 404);
}

TEST_F(Groups, AParameterThatIsNoneIsA404OfAnyHandler) {
  EXPECT_EQ(ask("GET /api/items/7").body, "7");
  EXPECT_EQ(ask("GET /api/items/seven").status, 404);
  EXPECT_EQ(ask("PUT /api/items/99999999999").status, 404);
}

// --- settings ------------------------------------------------------------------------------------

class AppSettings : public testing::Test {
 protected:
  std::string file(const std::string& text) {
    folder_.write("shop.toml", text);
    return folder_.path() + "/shop.toml";
  }

  const TemporaryFolder folder_;
};

TEST_F(AppSettings, ComeFromTheFileAndTheCommandLineAndChangeWithAReload) {
  const std::string path = file("[app]\nname = \"shop\"\nsize = 5\n");
  for (const std::vector<std::string>& way :
       {std::vector<std::string>{}, {"--preload"}, {"--start-method", "spawn"}}) {
    file("[app]\nname = \"shop\"\nsize = 5\n");
    Launch launch = launch_of({kGroupsApp, "--workers", "1", "--config", path, "--set", "size=6"});
    launch.arguments.insert(launch.arguments.end(), way.begin(), way.end());
    ServerProcess server(std::move(launch));
    EXPECT_EQ(get(server.url(), "/settings").body, "shop 6");
    file("[app]\nname = \"new shop\"\nsize = 5\n");
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.wait_for_statistics([](const Json& statistics) {
      return statistics["server"]["generation"] == 2 && statistics["workers"].size() == 1;
    }));
    EXPECT_EQ(get(server.url(), "/settings").body, "new shop 6");
  }
}

TEST_F(AppSettings, AWrongOneIsALineThatNamesItAndWhereItStands) {
  const std::string path = file("[app]\nsize = \"large\"\n");
  const FinishedRun run = run_to_the_end(
      launch_of({kGroupsApp, "--workers", "1", "--port", "0", "--admin", "off", "--config", path}));
  EXPECT_EQ(run.exit, exit_code(4)) << run.err;
  EXPECT_NE(run.err.find("setting 'size' (" + path +
                         ":2): not a whole number from -2147483648 to 2147483647"),
            std::string::npos)
      << run.err;
}

}  // namespace
}  // namespace prefork::test
