// Which version of a file a client has or gets: validators, ranges, and the coding of its content.
#include <chrono>
#include <ctime>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>

#include "server/http/http_date.h"
#include "tests/unit/server/files/support.h"

namespace prefork::files {
namespace {

namespace fs = std::filesystem;

TEST_F(StaticFilesTest, AClientThatHasTheFileGets304WithTheValidators) {
  settings_.cache_rules = {{"*.txt", "max-age=60"}};
  write("a.txt.gz", "compressed");
  const StaticAnswer full = ask("/a.txt");
  const std::string etag = full.field("ETag");
  const StaticAnswer answer = ask("/a.txt", {{"If-None-Match", etag}});
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.body, "");
  for (const char* name : {"ETag", "Last-Modified", "Cache-Control", "Vary"}) {
    EXPECT_EQ(answer.field(name), full.field(name)) << name;
  }
  for (const char* name : {"Content-Type", "Content-Length", "Accept-Ranges"}) {
    EXPECT_EQ(answer.field(name), "-") << name;
  }
  const auto now = http::format_http_date(std::time(nullptr));
  EXPECT_EQ(ask("/a.txt", {{"If-Modified-Since", std::string(now.view())}}).status, 304);
  EXPECT_EQ(ask("/a.txt", {{"IF-NONE-MATCH", "\"x\""}}).status, 200);
  EXPECT_EQ(ask("/a.txt", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(ask("/a.txt", {{"If-Match", etag}}).status, 200);
}

TEST_F(StaticFilesTest, ADateInTheFutureIsNotSentAsSuch) {
  const std::string path = write("future.txt", "x");
  fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(1000));
  const auto modified = http::parse_http_date(ask("/future.txt").field("Last-Modified"), 0);
  ASSERT_TRUE(modified);
  EXPECT_LE(*modified, std::time(nullptr));
}

// Reproducible builds give all files of all releases one time.
TEST_F(StaticFilesTest, AReleaseWithTheSizesAndTimesOfTheLastIsAnother) {
  const fs::file_time_type long_ago =
      fs::file_time_type::clock::now() - std::chrono::hours(400'000);
  for (const auto& [name, one, other] :
       {std::tuple{"small.html", std::string("release 1"), std::string("release 2")},
        std::tuple{"large.js", "1" + large_, "2" + large_}}) {
    SCOPED_TRACE(name);
    const std::string path = "/" + std::string(name);
    fs::last_write_time(write(name, one), long_ago);
    const StaticAnswer before = ask(path);
    const std::string etag = before.field("ETag");
    EXPECT_EQ(before.body, one);

    const std::string next = write("next", other);
    fs::last_write_time(next, long_ago);
    fs::rename(next, folder_ / ("site" + path));
    start_anew();
    EXPECT_NE(ask(path).field("ETag"), etag);
    EXPECT_EQ(ask(path, {{"If-None-Match", etag}}).body, other);
    EXPECT_EQ(ask(path, {{"Range", "bytes=0-1"}, {"If-Range", etag}}).body, other);
    EXPECT_EQ(ask(path, {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(ask(path, {{"If-Modified-Since", "Tue, 01 Jan 1980 00:00:00 GMT"}}).body, other)
        << "that it was modified long ago is only what the file says";
    const std::string date = before.field("Last-Modified");
    EXPECT_EQ(ask(path, {{"Range", "bytes=0-1"}, {"If-Range", date}}).body, other)
        << "a date says nothing of the second that is not over";
    EXPECT_EQ(ask(path, {{"If-Modified-Since", date}}).body, other);
  }
}

TEST_F(StaticFilesTest, TheTagOfASmallFileIsTheSameOnEveryMachine) {
  const fs::file_time_type time = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(write("one", "content"), time);
  fs::last_write_time(write("copy", "content"), time);
  EXPECT_EQ(ask("/one").field("ETag"), ask("/copy").field("ETag"));
}

TEST_F(StaticFilesTest, AFileThatIsRewrittenInPlaceIsNeverAMix) {
  std::string content = large_;
  for (const char letter : {'a', 'b', 'c'}) {
    const StaticAnswer before = ask("/large.bin");
    EXPECT_EQ(before.body, content);
    EXPECT_EQ(before.field("ETag"), ask("/large.bin").field("ETag"));
    await_clock_tick();
    content.assign(content.size(), letter);
    write("large.bin", content);
    const StaticAnswer after = ask("/large.bin");
    EXPECT_EQ(after.body, content);
    EXPECT_NE(after.field("ETag"), before.field("ETag"));
    EXPECT_EQ(ask("/large.bin", {{"If-None-Match", before.field("ETag")}}).status, 200);
    content += "longer";
    write("large.bin", content);
    EXPECT_EQ(ask("/large.bin", {{"Range", "bytes=-6"}}).body, "longer");
  }
  fs::rename(write("next", "small now"), folder_ / "site/large.bin");
  EXPECT_EQ(ask("/large.bin").body, "small now");
  fs::remove(folder_ / "site/large.bin");
  EXPECT_EQ(ask("/large.bin").body, "small now") << "whole, from memory, for up to a second";
}

TEST_F(StaticFilesTest, OneRangeIsAPartOfTheFile) {
  for (const auto& [path, content] :
       {std::pair{"/a.txt", std::string("0123456789")}, std::pair{"/large.bin", large_}}) {
    const std::string size = std::to_string(content.size());
    const StaticAnswer first = ask(path, {{"Range", "bytes=0-4"}});
    EXPECT_EQ(first.status, 206);
    EXPECT_EQ(first.body, content.substr(0, 5));
    EXPECT_EQ(first.field("Content-Range"), "bytes 0-4/" + size);
    EXPECT_EQ(first.field("ETag"), ask(path).field("ETag"));
    EXPECT_EQ(ask(path, {{"Range", "bytes=-7"}}).body, content.substr(content.size() - 7));
    const StaticAnswer beyond = ask(path, {{"Range", "bytes=99999999-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.field("Content-Range"), "bytes */" + size);
  }
}

TEST_F(StaticFilesTest, SeveralRangesAreAMultipartBody) {
  for (const auto& [path, content] :
       {std::pair{"/a.txt", std::string("0123456789")}, std::pair{"/large.bin", large_}}) {
    const StaticAnswer answer = ask(path, {{"Range", "bytes=0-1,5-6,-1"}});
    EXPECT_EQ(answer.status, 206);
    EXPECT_EQ(answer.field("Content-Range"), "-");
    const std::string type = answer.field("Content-Type");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=")) << answer.head;
    const std::string boundary = "--" + type.substr(type.find('=') + 1);
    EXPECT_TRUE(answer.body.starts_with(boundary + "\r\n")) << answer.body;
    EXPECT_TRUE(answer.body.ends_with("\r\n" + boundary + "--\r\n")) << answer.body;
    EXPECT_NE(answer.body.find("\r\n\r\n" + content.substr(5, 2) + "\r\n" + boundary),
              std::string::npos);
    EXPECT_NE(ask(path, {{"Range", "bytes=0-1,5-6"}}).field("Content-Type"), type)
        << "each answer has a boundary of its own";
  }
}

TEST_F(StaticFilesTest, ARangeOfAnotherVersionIsTheWholeFile) {
  const std::vector<http::Field> other = {{"Range", "bytes=0-4"}, {"If-Range", "\"x\""}};
  EXPECT_EQ(ask("/a.txt", other).status, 200);
  const std::string etag = ask("/a.txt").field("ETag");
  EXPECT_EQ(ask("/a.txt", {{"Range", "bytes=0-4"}, {"If-Range", etag}}).status, 206);
  EXPECT_EQ(ask("/a.txt", {{"Range", "bytes=0-4"}}, http::Method::head).status, 200);
}

TEST_F(StaticFilesTest, ANeighbourIsSentToWhomTakesItsCoding) {
  write("app.js", "plain");
  write("app.js.gz", "gzipped");
  write("app.js.br", "brotli!");
  const StaticAnswer plain = ask("/app.js");
  EXPECT_EQ(plain.body, "plain");
  EXPECT_EQ(plain.field("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.field("Content-Encoding"), "-");
  const StaticAnswer gzip = ask("/app.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(gzip.body, "gzipped");
  EXPECT_EQ(gzip.field("Content-Encoding"), "gzip");
  EXPECT_EQ(gzip.field("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(gzip.field("Vary"), "Accept-Encoding");
  EXPECT_NE(gzip.field("ETag"), plain.field("ETag"));
  EXPECT_EQ(ask("/app.js", {{"Accept-Encoding", "gzip, br, zstd"}}).body, "brotli!");
  EXPECT_EQ(ask("/app.js", {{"Accept-Encoding", "gzip;q=0, identity"}}).body, "plain");
  EXPECT_EQ(ask("/app.js", {{"Accept-Encoding", "*;q=0"}}).body, "plain");
  const StaticAnswer itself = ask("/app.js.gz", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(itself.body, "gzipped");
  EXPECT_EQ(itself.field("Content-Encoding"), "-");
  EXPECT_EQ(itself.field("Content-Type"), "application/gzip");
}

TEST_F(StaticFilesTest, ANeighbourThatIsOlderThanItsFileIsNotSent) {
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(write("app.js.gz", "of the version before"), now - std::chrono::seconds(5));
  fs::last_write_time(write("app.js", "new"), now);
  const StaticAnswer answer = ask("/app.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(answer.body, "new");
  EXPECT_EQ(answer.field("Content-Encoding"), "-");
  EXPECT_EQ(answer.field("Vary"), "-");
}

}  // namespace
}  // namespace prefork::files
