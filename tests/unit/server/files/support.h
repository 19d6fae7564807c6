// Files to serve, and the answers to requests for them as they go on the wire.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/monotonic.h"
#include "server/files/site.h"
#include "server/http1/response_writer.h"
#include "tests/unit/config/config_support.h"

namespace prefork::files {

// What is changed from now on has another time than what was changed before.
inline void await_clock_tick() {
  const auto now = [] { return ipc::clock_ns(CLOCK_REALTIME_COARSE); };
  for (const std::uint64_t before = now(); now() == before;) {
    ::sched_yield();
  }
}

// An answer taken apart.
struct StaticAnswer {
  int status = 0;
  std::string head;  // with the fields, each line with its end
  std::string body;

  // The field's value, or "-" where there is none.
  [[nodiscard]] std::string field(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "-";
    const std::size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

class StaticSiteTest : public testing::Test {
 protected:
  StaticFiles& files() {
    if (!files_) {
      settings_.folder = folder_ / "site";
      files_ = std::make_unique<StaticFiles>(
          settings_,
          std::make_shared<const http::MimeTypes>(http::MimeTypes::of_system("/no/such/file")),
          StaticCacheLimits{});
    }
    return *files_;
  }

  // As a worker that has just been started.
  void start_anew() { files_.reset(); }

  // Writes a file of the site.
  std::string write(const std::string& name, std::string_view text) const {
    return folder_.write("site/" + name, text);
  }

  StaticAnswer ask(std::string_view path, std::vector<http::Field> fields = {},
                   http::Method method = http::Method::get, std::string_view query = {}) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.fields = fields;
    http::Response response;
    files().respond(request, path, response);
    EXPECT_EQ(response.problem(), nullptr) << response.problem();
    http::ByteBuffer out;
    http1::write_response(out, response, {method, 1, true, http::FieldList{{"Date", "d"}}});
    StaticAnswer answer;
    const std::string wire(out.view());
    const std::size_t end = wire.find("\r\n\r\n") + 4;
    answer.status = response.status();
    answer.head = wire.substr(0, end - 2);
    answer.body = wire.substr(end);
    if (method != http::Method::head) append_pieces(response, answer.body);
    if (answer.field("Content-Length") != "-" && method != http::Method::head) {
      EXPECT_EQ(answer.field("Content-Length"), std::to_string(answer.body.size()));
    }
    return answer;
  }

  const config::TemporaryFolder folder_;
  StaticSettings settings_;

 private:
  static void append_pieces(http::Response& response, std::string& body) {
    for (const http::BodyPiece& piece : response.take_pieces()) {
      body += piece.text;
      std::string part(static_cast<std::size_t>(piece.size), '\0');
      if (piece.file) {
        EXPECT_EQ(
            ::pread(piece.file->get(), part.data(), part.size(), static_cast<off_t>(piece.offset)),
            static_cast<ssize_t>(piece.size));
      }
      body += part;
    }
  }

  std::unique_ptr<StaticFiles> files_;
};

// With an index, a small file and a large one.
class StaticFilesTest : public StaticSiteTest {
 protected:
  StaticFilesTest() {
    std::filesystem::create_directories(folder_ / "site");
    write("index.html", "<h1>root</h1>");
    write("a.txt", "0123456789");
    write("large.bin", large_);
  }

  // Small enough to read, too large for memory.
  const std::string large_ = std::string(kMaxFileBytesInMemory, 'x') + "the end";
};

}  // namespace prefork::files
