// Forms on their way through the server, to handlers of either kind: tests/apps/form.cpp.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/server_process.h"
#include "tests/support/tested_build.h"

namespace prefork::test {
namespace {

const std::string kFormType = "multipart/form-data; boundary=\"a boundary\"";
const std::string kFormEnd = "--a boundary--\r\n";

std::string form_field(const std::string& name, const std::string& value) {
  return "--a boundary\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
         "\r\n";
}

std::string form_file_head(const std::string& name, const std::string& filename) {
  return "--a boundary\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" +
         filename + "\"\r\nContent-Type: image/jpeg\r\n\r\n";
}

std::string form_file(const std::string& name, const std::string& filename,
                      const std::string& content) {
  return form_file_head(name, filename) + content + "\r\n";
}

std::string post_head(const std::string& path, std::uint64_t size,
                      const std::string& type = kFormType) {
  return "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

std::size_t peak_kib_of(pid_t pid) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

class Forms : public testing::Test {
 protected:
  Forms() {
    Launch launch = launch_of({test_app("form"), "--workers", "1"});
    launch.environment["PICTURES"] = pictures_.path();
    launch.environment["TMPDIR"] = temporary_.path();
    server_ = std::make_unique<ServerProcess>(std::move(launch));
    client_ = std::make_unique<Client>(server_->url(), kPatience * 2);
  }

  Reply post(const std::string& path, const std::string& body,
             const std::string& type = kFormType) {
    client_->send(post_head(path, body.size(), type) + body);
    return client_->receive();
  }
  [[nodiscard]] std::vector<std::string> pictures() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(pictures_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const TemporaryFolder pictures_;
  const TemporaryFolder temporary_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(Forms, AreTheSameForHandlersThatStreamTheContentAndThoseThatDoNot) {
  const std::string form = form_field("title", "sea") +
                           form_file("picture", "C:\\sea.jpg", "jpeg") +
                           form_file("large", "l", std::string(100'000, 'x')) +
                           form_file("none", "", "") + form_field("tag", "a b") + kFormEnd;
  const std::string expected =
      "title=sea tag=a b picture:sea.jpg,image/jpeg,4 large:l,image/jpeg,100000,on disk ";
  EXPECT_EQ(post("/summary", form).body, expected);
  EXPECT_EQ(post("/upload/summary", form).body, expected);
  const std::string urlencoded = "application/x-www-form-urlencoded";
  EXPECT_EQ(post("/summary", "title=a+b&tag=%26", urlencoded).body, "title=a b tag=& ");
  EXPECT_EQ(post("/upload/summary", "title=a+b&tag=%26", urlencoded).body, "title=a b tag=& ");
  EXPECT_EQ(post("/measure", form).body, "title=3 picture=4 large=100000 none=0 tag=3 ");
  client_->send("POST /upload/summary HTTP/1.1\r\nHost: test\r\nContent-Type: " + kFormType +
                "\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::ostringstream chunks;
  for (std::size_t at = 0; at < form.size(); at += 1000) {
    const std::string chunk = form.substr(at, 1000);
    chunks << std::hex << chunk.size() << "\r\n" << chunk << "\r\n";
  }
  client_->send(chunks.str() + "0\r\n\r\n");
  EXPECT_EQ(client_->receive().body, expected);
}

TEST_F(Forms, BecomeFilesThatAreThereWholeOrNotAtAll) {
  const std::string content(1'000'000, 'p');
  const Reply reply = post("/pictures", form_field("title", "sea") +
                                            form_file("picture", "../sea.jpg", content) + kFormEnd);
  EXPECT_EQ(reply.status, 201) << reply;
  EXPECT_EQ(reply.body, "1-sea.jpg sea");
  EXPECT_EQ(read_file(pictures_ / "1-sea.jpg"), content);
  EXPECT_EQ(pictures().size(), 1U);
}

// Each on a connection of its own: the server may end one whose content it has not read.
TEST_F(Forms, ThatAreNoneAreRefusedWithTheReason) {
  const auto refusal = [this](const std::string& path, const std::string& body,
                              const std::string& type = kFormType) {
    Client client(server_->url());
    client.send(post_head(path, body.size(), type) + body);
    const Reply reply = client.receive();
    return std::to_string(reply.status) + " " + reply.body;
  };
  for (const std::string path : {"/summary", "/upload/summary"}) {
    const auto expect = [&](const std::string& said, const std::string& status,
                            const std::string& why) {
      EXPECT_TRUE(said.starts_with(status)) << said;
      EXPECT_NE(said.find(why), std::string::npos) << said;
    };
    expect(refusal(path, "{}", "application/json"), "415", "the content is no form");
    expect(refusal(path, "--b--", "multipart/form-data"), "400", "names no boundary");
    expect(refusal(path, form_field("a", "b")), "400",
           "the form is broken at byte 61: it ends within a part");
    expect(refusal(path, form_field("a\"; name=\"b", "c")), "400", "a part has two names");
    expect(refusal(path, form_field(std::string(9000, 'n'), "") + kFormEnd), "413",
           "the header section of a part has more than 8192 bytes");
  }
  std::string many = form_field("a", "");
  EXPECT_TRUE(refusal("/summary", many + many + many + many + kFormEnd).starts_with("413"));
  EXPECT_TRUE(
      refusal("/upload/summary", form_field("a", std::string((1 << 20) + 1, 'x')) + kFormEnd)
          .starts_with("413"));
  EXPECT_TRUE(refusal("/pictures", form_field("title", "x") + kFormEnd).starts_with("400"));
  EXPECT_TRUE(pictures().empty());
  EXPECT_EQ(post("/summary", kFormEnd).status, 200) << "and the worker serves on";
}

TEST_F(Forms, OfAClientThatLeavesLeaveNothingBehind) {
  const auto has_temporary_file = [this] {
    std::error_code ignored;  // one may be closed meanwhile
    const std::string fds = "/proc/" + std::to_string(server_->worker_pid(0)) + "/fd";
    for (const auto& fd : std::filesystem::directory_iterator(fds)) {
      if (std::filesystem::read_symlink(fd, ignored).string().starts_with(pictures_.path())) {
        return true;
      }
    }
    return false;
  };
  Client leaving(server_->url());
  leaving.send(post_head("/pictures", 1'000'000) + form_file_head("picture", "sea.jpg") +
               std::string(500'000, 'x'));
  EXPECT_TRUE(wait_until(has_temporary_file));
  leaving.close();
  EXPECT_TRUE(wait_until([&] { return !has_temporary_file(); }));
  EXPECT_TRUE(pictures().empty());
}

// RLIMIT_FSIZE stands for a disk that is full.
TEST_F(Forms, WithoutRoomForTheirFilesAreA507AndLeaveNothingBehind) {
  const rlimit limit{100'000, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(server_->worker_pid(0), RLIMIT_FSIZE, &limit, nullptr), 0);
  const std::string body = form_file("picture", "sea.jpg", std::string(1'000'000, 'x')) + kFormEnd;
  Client client(server_->url());
  client.send(post_head("/pictures", body.size()) + body);
  EXPECT_EQ(client.receive().status, 507);
  EXPECT_TRUE(
      server_->has_logged({"POST /pictures", "no room for a file that was sent: File too large"}));
  EXPECT_TRUE(pictures().empty());
  EXPECT_EQ(post("/pictures", form_file("picture", "s", "small") + kFormEnd).status, 201);
}

TEST_F(Forms, OfAnySizeTakeConstantMemory) {
  const std::uint64_t pieces = is_sanitized() || is_debug_build() ? 64 : 256;
  const std::string piece(1 << 20, 'x');
  const std::string head = form_field("title", "large") + form_file_head("picture", "l");
  const std::string end = "\r\n" + kFormEnd;
  for (const std::string path : {"/pictures", "/measure"}) {
    // What a first request needs is there before the comparison begins.
    EXPECT_LT(post(path, head + piece + end).status, 300);
    const std::size_t before = peak_kib_of(server_->worker_pid(0));
    ASSERT_GT(before, 0U);
    client_->send(post_head(path, head.size() + pieces * piece.size() + end.size()) + head);
    for (std::uint64_t i = 0; i < pieces; ++i) {
      ASSERT_TRUE(client_->send(piece)) << client_->problem();
    }
    client_->send(end);
    const Reply reply = client_->receive();
    EXPECT_EQ(reply.body, path == "/measure"
                              ? "title=5 picture=" + std::to_string(pieces << 20) + " "
                              : "2-l large")
        << reply;
    // A sanitizer keeps for a while what was freed.
    if (!is_sanitized()) {
      EXPECT_LT(peak_kib_of(server_->worker_pid(0)), before + 8 * 1024);
    }
  }
  EXPECT_EQ(std::filesystem::file_size(pictures_ / "2-l"), pieces << 20);
}

}  // namespace
}  // namespace prefork::test
