// The service of tests/apps/service, as its author would test it: in this process, without a port.
#include <gtest/gtest.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>
#include <prefork/test.hpp>
#include <string>
#include <vector>

namespace {

using prefork::TestClient;

class BoardInProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(app_)) {
      GTEST_SKIP() << "built without SQLite, OpenSSL or libcrypt";
    }
    std::string folder = std::filesystem::temp_directory_path() / "board-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    std::ofstream(folder_ / "keys") << std::string(32, 'k');
    ASSERT_EQ(::chmod((folder_ / "keys").c_str(), 0600), 0);
  }
  void TearDown() override {
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_);
    }
  }
  [[nodiscard]] TestClient open(const std::vector<std::string>& more = {}) const {
    // The hash is of "rabbit", in few rounds.
    std::vector<std::string> settings = {
        "--set",
        "database=" + (folder_ / "notes.db").string(),
        "--set",
        "keys=" + (folder_ / "keys").string(),
        "--set",
        "site=" PREFORK_DEPLOY "/../tests/apps/service/site",
        "--set",
        "user_alice=$6$rounds=1000$prefork$bSROucqZQGYrZ36tBPPL3vgaUDZzFltu9zFrmtGI8.OFw."
        "FmxClI00b58w4HfJxFftm3L6QAGlDzAajyEdSI1/"};
    settings.insert(settings.end(), more.begin(), more.end());
    return TestClient(app_, settings);
  }
  static void log_in(TestClient& client) {
    EXPECT_EQ(client.request("POST", "/login")
                  .form({{"user", "alice"}, {"password", "rabbit"}})
                  .send()
                  .status(),
              204)
        << client.log();
  }

  const std::string app_ = PREFORK_TEST_APPS "/libtest_app_service.so";
  std::filesystem::path folder_;
};

TEST_F(BoardInProgram, IsForThoseWhoHaveLoggedIn) {
  TestClient client = open();
  EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(client.get("/api/notes").status(), 401);
  EXPECT_EQ(client.post("/login", "user=alice&password=hare").status(), 403);
  log_in(client);
  EXPECT_EQ(client.get("/api/notes").body(), "[]");
  EXPECT_EQ(client.another().get("/api/notes").status(), 401) << "a session is a browser's own";
  EXPECT_EQ(client.post("/logout").status(), 204);
  EXPECT_EQ(client.get("/api/notes").status(), 401);
}

TEST_F(BoardInProgram, TellsWhatIsWrittenUploadedAndRemoved) {
  TestClient client = open({"--set", "keep_seconds=1", "--set", "sweep_seconds=1"});
  log_in(client);
  prefork::TestStream events = client.stream("/api/events");
  ASSERT_EQ(events.status(), 200);
  const std::string tea = R"({"title":"tea","text":"green"})";
  EXPECT_EQ(client.request("POST", "/api/notes").json(tea).send().status(), 201);
  EXPECT_EQ(client.request("POST", "/api/notes").json(tea).send().status(), 409);
  EXPECT_EQ(client.request("POST", "/api/files")
                .multipart({{"file", "milk\n", "list.txt", "text/plain"}})
                .send()
                .status(),
            201);
  EXPECT_NE(events.event()->data.find(R"("title":"tea")"), std::string::npos);
  EXPECT_NE(events.event()->data.find(R"("title":"list.txt")"), std::string::npos);
  EXPECT_EQ(events.event()->data.substr(0, 10), R"({"removed")") << "they are old by now";
}

}  // namespace
