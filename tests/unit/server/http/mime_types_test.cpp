#include "server/http/mime_types.h"

#include <gtest/gtest.h>

#include "tests/unit/config/config_support.h"

namespace prefork::http {
namespace {

TEST(MimeTypes, TheBuiltInTableStandsInForAMissingFile) {
  const MimeTypes types = MimeTypes::of_system("/no/such/file");
  EXPECT_EQ(types.type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(types.type_of("/a/b.css"), "text/css; charset=utf-8");
  EXPECT_EQ(types.type_of("app.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(types.type_of("data.json"), "application/json");
  EXPECT_EQ(types.type_of("a.wasm"), "application/wasm");
  EXPECT_EQ(types.type_of("a.svg"), "image/svg+xml");
  EXPECT_EQ(types.type_of("a.woff2"), "font/woff2");
}

TEST(MimeTypes, TheSystemsTableComesFirst) {
  const config::TemporaryFolder folder;
  const std::string file = folder.write("mime.types",
                                        "# text/wrong js\n"
                                        "application/x-mine\tfoo  BAR # baz\r\n"
                                        "nonsense qux\n"
                                        "text/x\n"
                                        "text/special html\n"
                                        "image/last\tlast");
  const MimeTypes types = MimeTypes::of_system(file);
  EXPECT_EQ(types.type_of("a.foo"), "application/x-mine");
  EXPECT_EQ(types.type_of("a.bar"), "application/x-mine");
  EXPECT_EQ(types.type_of("a.baz"), "application/octet-stream");
  EXPECT_EQ(types.type_of("a.qux"), "application/octet-stream");
  EXPECT_EQ(types.type_of("a.html"), "text/special; charset=utf-8");
  EXPECT_EQ(types.type_of("a.last"), "image/last");
  EXPECT_EQ(types.type_of("a.js"), "text/javascript; charset=utf-8") << "built in";
}

TEST(MimeTypes, TheLastExtensionDecidesInAnyCase) {
  const MimeTypes types = MimeTypes::of_system("/no/such/file");
  EXPECT_EQ(types.type_of("A.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(types.type_of("a.html.png"), "image/png");
  EXPECT_EQ(types.type_of("a.b/c"), "application/octet-stream");
  EXPECT_EQ(types.type_of("README"), "application/octet-stream");
  EXPECT_EQ(types.type_of("a."), "application/octet-stream");
  EXPECT_EQ(types.type_of("a." + std::string(100, 'x')), "application/octet-stream");
}

}  // namespace
}  // namespace prefork::http
