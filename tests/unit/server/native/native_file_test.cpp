#include "server/native/native_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "server/files/resource.h"
#include "tests/unit/config/config_support.h"

namespace prefork::native {
namespace {

class NativeFile : public testing::Test {
 protected:
  // What the application made before comes in `response`.
  http::Response respond(const std::string& path, const std::vector<http::Field>& fields = {},
                         http::Response response = {}) {
    http::Request request;
    request.fields = fields;
    EXPECT_TRUE(respond_with_file(request, path, response));
    EXPECT_EQ(response.problem(), nullptr) << response.problem();
    return response;
  }
  static std::string field(const http::Response& response, std::string_view name) {
    return std::string(response.fields().find(name).value_or("-"));
  }
  static http::Response with(std::string_view name, std::string_view value, int status = 200) {
    http::Response response;
    response.set_status(status);
    response.add_field(name, value);
    return response;
  }

  const config::TemporaryFolder folder_;
  const std::string small_ = folder_.write("small.css", "0123456789");
  const std::string large_ =
      folder_.write("large.bin", std::string(files::kMaxFileBytesInMemory + 10, 'x'));
};

TEST_F(NativeFile, HasTypeValidatorsAndContent) {
  const http::Response small = respond(small_);
  EXPECT_EQ(small.status(), 200);
  EXPECT_EQ(small.content(), "0123456789");
  EXPECT_EQ(field(small, "content-type"), "text/css; charset=utf-8");
  EXPECT_NE(field(small, "etag"), "-");
  EXPECT_NE(field(small, "last-modified"), "-");
  EXPECT_EQ(field(small, "accept-ranges"), "bytes");
  const http::Response large = respond(large_);
  EXPECT_TRUE(large.has_long_body()) << "not read into memory";
  EXPECT_EQ(large.content_size(), files::kMaxFileBytesInMemory + 10);
}

TEST_F(NativeFile, FollowsConditionsAndRanges) {
  for (const std::string& path : {small_, large_}) {
    const std::string etag = field(respond(path), "etag");
    const http::Response unchanged = respond(path, {{"If-None-Match", etag}});
    EXPECT_EQ(unchanged.status(), 304);
    EXPECT_EQ(unchanged.content_size(), 0U);
    EXPECT_EQ(field(unchanged, "content-type"), "-");
    EXPECT_EQ(respond(path, {{"If-Match", "\"x\""}}).status(), 412);
    const http::Response part = respond(path, {{"Range", "bytes=2-4"}, {"If-Range", etag}});
    EXPECT_EQ(part.status(), 206);
    EXPECT_EQ(part.content_size(), 3U);
    EXPECT_TRUE(field(part, "content-range").starts_with("bytes 2-4/"));
    const http::Response parts = respond(path, {{"Range", "bytes=0-0,3-3"}});
    EXPECT_TRUE(field(parts, "content-type").starts_with("multipart/byteranges; boundary="));
    const http::Response beyond =
        respond(path, {{"Range", "bytes=999999-"}}, with("Content-Type", "a/b"));
    EXPECT_EQ(beyond.status(), 416);
    EXPECT_EQ(field(beyond, "content-type"), "text/plain; charset=utf-8");
  }
}

TEST_F(NativeFile, OffersACompressedNeighbour) {
  folder_.write("small.css.gz", "gzip");
  const http::Response gzip =
      respond(small_, {{"Accept-Encoding", "gzip"}}, with("Vary", "Cookie"));
  EXPECT_EQ(gzip.content(), "gzip");
  EXPECT_EQ(field(gzip, "content-encoding"), "gzip");
  EXPECT_EQ(gzip.fields().lines("vary").count, 2U);
  EXPECT_EQ(respond(small_).content(), "0123456789");
  EXPECT_EQ(
      respond(small_, {{"Accept-Encoding", "gzip"}}, with("Content-Encoding", "br")).content(),
      "0123456789");
}

TEST_F(NativeFile, KeepsWhatTheApplicationSet) {
  const http::Response typed = respond(small_, {}, with("Content-Type", "text/x-own"));
  EXPECT_EQ(field(typed, "content-type"), "text/x-own");
  EXPECT_EQ(typed.fields().lines("content-type").count, 1U);
  const std::string etag = field(respond(small_), "etag");
  const http::Response missing =
      respond(small_, {{"If-None-Match", etag}, {"Range", "bytes=0-1"}}, with("X", "1", 404));
  EXPECT_EQ(missing.status(), 404);
  EXPECT_EQ(missing.content(), "0123456789");
  EXPECT_EQ(field(missing, "x"), "1");
  const http::Response own =
      respond(small_, {{"If-None-Match", "\"own\""}}, with("ETag", "\"own\""));
  EXPECT_EQ(own.status(), 200);
  EXPECT_EQ(own.fields().lines("etag").count, 1U);
}

TEST_F(NativeFile, IsNotFoundWhereThereIsNone) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder_ / "nothing", small_ + "/x", std::string(folder_.path()),
                                  folder_ / "pipe", std::string(), std::string(5000, 'x')}) {
    http::Response meant = with("Content-Disposition", "attachment");
    meant.close_connection();
    const http::Response response = respond(path, {}, std::move(meant));
    EXPECT_EQ(response.status(), 404) << path;
    EXPECT_EQ(field(response, "content-disposition"), "-") << path;
    EXPECT_TRUE(response.wants_close());
  }
}

}  // namespace
}  // namespace prefork::native
