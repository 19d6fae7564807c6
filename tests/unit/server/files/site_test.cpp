#include "server/files/site.h"

#include <sys/fsuid.h>
#include <sys/resource.h>

#include "server/http/http_date.h"
#include "server/http/target.h"
#include "tests/unit/server/files/support.h"

namespace prefork::files {
namespace {

namespace fs = std::filesystem;

TEST_F(StaticFilesTest, AFileComesWithTypeLengthAndValidators) {
  const StaticAnswer answer = ask("/a.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "0123456789");
  EXPECT_EQ(answer.field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.field("Accept-Ranges"), "bytes");
  EXPECT_TRUE(answer.field("ETag").ends_with("-a\"")) << answer.head;
  EXPECT_TRUE(http::parse_http_date(answer.field("Last-Modified"), 0)) << answer.head;
  for (const char* name : {"Vary", "Content-Encoding", "Cache-Control", "Content-Range"}) {
    EXPECT_EQ(answer.field(name), "-") << name;
  }
  EXPECT_EQ(ask("/a.txt").body, "0123456789") << "from memory";
}

TEST_F(StaticFilesTest, ALargeFileAndAnEmptyOneAreComplete) {
  write("empty", "");
  EXPECT_EQ(ask("/large.bin").body, large_);
  EXPECT_EQ(ask("/large.bin").body, large_) << "from memory";
  const StaticAnswer empty = ask("/empty");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.field("Content-Length"), "0");
  EXPECT_EQ(empty.field("Content-Type"), "application/octet-stream");
}

TEST_F(StaticFilesTest, HeadIsGetWithoutTheContent) {
  for (const char* path : {"/a.txt", "/large.bin", "/"}) {
    const StaticAnswer get = ask(path);
    const StaticAnswer head = ask(path, {}, http::Method::head);
    EXPECT_EQ(head.head, get.head);
    EXPECT_EQ(head.body, "");
  }
}

TEST_F(StaticFilesTest, AFolderIsItsIndex) {
  write("docs/index.html", "docs");
  EXPECT_EQ(ask("/").body, "<h1>root</h1>");
  EXPECT_EQ(ask("/docs/").body, "docs");
  EXPECT_EQ(ask("//docs//").body, "docs");
  EXPECT_EQ(ask("/docs/").field("Content-Type"), "text/html; charset=utf-8");
}

TEST_F(StaticFilesTest, AnotherNameCanBeTheIndex) {
  settings_.index = "home.htm";
  write("home.htm", "home");
  EXPECT_EQ(ask("/").body, "home");
}

TEST_F(StaticFilesTest, AFolderWithoutItsSlashIsRedirectedOnThisHost) {
  fs::create_directories(folder_ / "site/docs");
  fs::create_directories(folder_ / "site/evil.example/a b\"\r\n\\");
  StaticAnswer answer = ask("/docs");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.field("Location"), "/docs/");
  EXPECT_EQ(ask("/docs", {}, http::Method::get, "a=b&c").field("Location"), "/docs/?a=b&c");
  EXPECT_EQ(ask("//evil.example").field("Location"), "/evil.example/");
  EXPECT_EQ(ask("//evil.example//a b\"\r\n\\").field("Location"),
            "/evil.example/a%20b%22%0D%0A%5C/");
}

TEST_F(StaticFilesTest, ARedirectNamesThePathThatTheClientUses) {
  settings_.url_prefix = "/shop/as sets";
  fs::create_directories(folder_ / "site/docs");
  EXPECT_EQ(ask("/docs").field("Location"), "/shop/as%20sets/docs/");
}

TEST_F(StaticFilesTest, WhatIsNotThereIs404) {
  fs::create_directories(folder_ / "site/empty");
  fs::create_directories(folder_ / "site/odd/index.html");
  for (const std::string& path :
       {std::string("/b.txt"), std::string("/a.txt/"), std::string("/a.txt/x"),
        std::string("/empty/"), std::string("/odd/"), "/" + std::string(300, 'n'),
        "/" + std::string(300, 'n') + "/x", [] {
          std::string deep;
          for (int i = 0; i < 3000; ++i) deep += "/d";
          return deep;
        }()}) {
    EXPECT_EQ(ask(path).status, 404) << path.substr(0, 20);
  }
}

TEST_F(StaticFilesTest, HiddenFilesAre404ButForTheWellKnownOnes) {
  write(".env", "secret");
  write(".git/config", "secret");
  write(".well-known/acme-challenge/token", "token");
  EXPECT_EQ(ask("/.env").status, 404);
  EXPECT_EQ(ask("/.git/config").status, 404);
  EXPECT_EQ(ask("/.git").status, 404);
  EXPECT_EQ(ask("/.well-known/acme-challenge/token").body, "token");
}

TEST_F(StaticFilesTest, PipesSocketsAndDevicesAre404AndDoNotHang) {
  ASSERT_EQ(::mkfifo((folder_ / "site/pipe").c_str(), 0666), 0);
  EXPECT_EQ(ask("/pipe").status, 404);
  EXPECT_EQ(ask("/pipe/").status, 404);
  fs::create_symlink("/dev/zero", folder_ / "site/zero");
  EXPECT_EQ(ask("/zero").status, 404);
}

TEST_F(StaticFilesTest, LinksAreFollowedInsideTheFolderOnly) {
  folder_.write("secret.txt", "secret");
  fs::create_directories(folder_ / "site/sub");
  fs::create_symlink("../a.txt", folder_ / "site/sub/inside");
  fs::create_symlink("../secret.txt", folder_ / "site/outside");
  fs::create_symlink(folder_ / "secret.txt", folder_ / "site/absolute");
  fs::create_symlink("..", folder_ / "site/up");
  fs::create_symlink("loop", folder_ / "site/loop");
  fs::create_symlink("/proc/self/root", folder_ / "site/magic");
  EXPECT_EQ(ask("/sub/inside").body, "0123456789");
  for (const char* path : {"/outside", "/absolute", "/up", "/up/secret.txt", "/up/site/a.txt",
                           "/loop", "/magic/etc/passwd", "/magic"}) {
    EXPECT_EQ(ask(path).status, 404) << path;
  }
}

TEST_F(StaticFilesTest, WhatMayNotBeReadIs403) {
  files();
  const std::string path = write("locked.txt", "x");
  fs::permissions(path, fs::perms::none);
  // The superuser may read everything, so it looks with somebody else's eyes (setfsuid(2)).
  constexpr uid_t kNobody = 65534;
  const bool superuser = ::geteuid() == 0;
  if (superuser) ::setfsuid(kNobody);
  const StaticAnswer locked = ask("/locked.txt");
  const StaticAnswer open = ask("/a.txt");
  if (superuser) ::setfsuid(0);
  EXPECT_EQ(locked.status, 403);
  EXPECT_EQ(open.status, 200);
}

TEST_F(StaticFilesTest, WithoutDescriptorsItSaysToComeBackLater) {
  files();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const StaticAnswer answer = ask("/a.txt");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "1");
  EXPECT_EQ(ask("/a.txt").status, 200);
}

TEST_F(StaticFilesTest, TheFirstRuleThatMatchesSetsCacheControl) {
  settings_.cache_rules = {{"*.html", "no-cache"}, {"/a*", "max-age=1"}, {"*.txt", "max-age=2"}};
  write("b.txt", "b");
  EXPECT_EQ(ask("/").field("Cache-Control"), "no-cache");
  EXPECT_EQ(ask("/a.txt").field("Cache-Control"), "max-age=1");
  EXPECT_EQ(ask("/b.txt").field("Cache-Control"), "max-age=2");
  EXPECT_EQ(ask("/large.bin").field("Cache-Control"), "-");
}

TEST_F(StaticFilesTest, AnUnknownPathOfASinglePageApplicationIsItsIndex) {
  settings_.spa = true;
  const std::vector<http::Field> browser = {{"Accept", "text/html,*/*;q=0.8"}};
  for (const char* path : {"/users/17", "/users/", "/v1.2/users"}) {
    const StaticAnswer answer = ask(path, browser);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "<h1>root</h1>") << path;
    EXPECT_EQ(answer.field("Cache-Control"), "no-cache") << path;
  }
  EXPECT_EQ(ask("/", browser).field("Cache-Control"), "no-cache");
  EXPECT_EQ(ask("/app.js", browser).status, 404) << "a missing file";
  EXPECT_EQ(ask("/users/17", {{"Accept", "application/json"}}).status, 404);
  EXPECT_EQ(ask("/.git", browser).status, 404);
  EXPECT_EQ(ask("/a.txt", browser).body, "0123456789");
}

TEST_F(StaticFilesTest, AnEncodedSlashDividesNoPath) {
  write("docs/a.txt", "a");
  const std::vector<http::Field> browser = {{"Accept", "text/html"}};
  const std::string_view inside("/docs\0a.txt", 11);
  const std::string_view at_the_end("/docs\0", 6);
  settings_.listing = true;
  for (const std::string_view path : {inside, at_the_end}) {
    EXPECT_EQ(ask(path, browser).status, 404);
  }
  settings_.spa = true;
  start_anew();
  EXPECT_EQ(ask(at_the_end, browser).body, "<h1>root</h1>") << "a path of the application's own";
}

TEST_F(StaticFilesTest, WithoutTheIndexASinglePageApplicationIs404) {
  settings_.spa = true;
  fs::remove(folder_ / "site/index.html");
  EXPECT_EQ(ask("/users").status, 404);
}

TEST_F(StaticFilesTest, AListingShowsWhatIsServed) {
  settings_.listing = true;
  folder_.write("secret.txt", "secret");
  write("docs/b<i>&\".txt", std::string(1536, 'x'));
  write("docs/a b.txt", "17");
  write("docs/z/x", "");
  write("docs/.hidden", "");
  fs::create_symlink("../../secret.txt", folder_ / "site/docs/outside");
  fs::create_symlink("a b.txt", folder_ / "site/docs/link");
  ASSERT_EQ(::mkfifo((folder_ / "site/docs/pipe").c_str(), 0666), 0);
  const StaticAnswer answer = ask("/docs/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.field("Cache-Control"), "no-cache");
  const std::string& html = answer.body;
  std::size_t at = 0;
  for (const char* part :
       {"<h1>/docs/</h1>", "<a href=\"../\">", "<a href=\"z/\">z/</a>",
        "<a href=\"a%20b.txt\">a b.txt</a></td><td>2</td>",
        "<a href=\"b%3Ci%3E&amp;%22.txt\">b&lt;i&gt;&amp;&quot;.txt</a></td><td>1.5 KiB</td>",
        "<a href=\"link\">link</a></td><td>2</td>"}) {
    const std::size_t found = html.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << " is not there, or in another order: " << html;
    at = found;
  }
  for (const char* part : {"hidden", "outside", "pipe", "<i>"}) {
    EXPECT_EQ(html.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(ask("/").body, "<h1>root</h1>") << "an index comes first";
  EXPECT_EQ(ask("/a.txt/").status, 404);
  EXPECT_EQ(ask("/nowhere/").status, 404);
}

TEST_F(StaticFilesTest, EveryLinkOfAListingLeadsSomewhere) {
  settings_.listing = true;
  for (const std::string name :
       {"tab\there", "line\nend", "del\x7F", "esc\x1B[0m", "caf\xC3\xA9", "\xFF", "back\\slash",
        "per%2Fcent", "qu?ry#x", "..x", "a b", ";="}) {
    write("docs/" + name, name);
  }
  fs::create_directories(folder_ / "site/docs/folder\n");
  fs::permissions(write("docs/locked", "x"), fs::perms::none);
  const std::string html = ask("/docs/").body;
  std::size_t links = 0;
  for (std::size_t at = html.find("<tr><td><a href=\""); at != std::string::npos;
       at = html.find("<tr><td><a href=\"", at + 1)) {
    const std::size_t start = at + 17;
    std::string link = html.substr(start, html.find('"', start) - start);
    for (std::size_t amp = 0; (amp = link.find("&amp;")) != std::string::npos;) {
      link.replace(amp, 5, "&");
    }
    http::Target target;
    std::string storage;
    const std::string url = "/docs/" + link;
    ASSERT_EQ(http::parse_target(http::Method::get, url, target, storage), nullptr) << url;
    EXPECT_EQ(ask(target.segments.empty() ? target.path : target.segments).status, 200) << url;
    ++links;
  }
  EXPECT_EQ(links, ::geteuid() == 0 ? 9U : 8U) << html;  // the superuser may read what is locked
}

TEST_F(StaticFilesTest, AFolderThatVanishesIs404AndOneMadeAnewIsServed) {
  settings_.folder = folder_ / "site";
  EXPECT_EQ(ask("/a.txt").status, 200);
  fs::rename(folder_ / "site", folder_ / "gone");
  fs::remove_all(folder_ / "gone");
  EXPECT_EQ(ask("/large.bin").status, 404);
}

TEST(StaticFiles, AFolderThatIsNotThereCannotBeServed) {
  const config::TemporaryFolder folder;
  StaticSettings settings;
  settings.folder = folder / "missing";
  try {
    StaticFiles files(settings, std::make_shared<const http::MimeTypes>(), {});
    FAIL() << "it was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot open the folder '" + settings.folder + "': No such file or directory");
  }
}

TEST(StaticSite, KnowsTheMethodsOfFiles) {
  const config::TemporaryFolder folder;
  StaticSettings settings;
  settings.folder = folder.path();
  const auto site = make_static_site(settings, {});
  exchange::RouteParameters parameters;
  for (const http::Method method : {http::Method::get, http::Method::head}) {
    http::Request request;
    request.method = method;
    EXPECT_NE(site->route(request, parameters).handler, nullptr);
    EXPECT_EQ(site->route(request, parameters).run_on, exchange::RunOn::loop);
  }
  for (const http::Method method :
       {http::Method::post, http::Method::put, http::Method::delete_, http::Method::trace,
        http::Method::connect, http::Method::other, http::Method::options}) {
    http::Request request;
    request.method = method;
    const exchange::RouteMatch match = site->route(request, parameters);
    EXPECT_EQ(match.handler, nullptr);
    EXPECT_EQ(match.status, method == http::Method::options ? 204 : 405);
    EXPECT_EQ(match.allow.to_text(), "OPTIONS, GET, HEAD");
  }
}

}  // namespace
}  // namespace prefork::files
