#include "server/demo/demo_app.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "server/routing/router.h"

namespace prefork::demo {

namespace {

constexpr std::uint64_t kMaxSleepMs = 60'000;
constexpr std::uint64_t kMaxStreamBytes = std::uint64_t{1} << 40;
constexpr std::string_view kText = "text/plain; charset=utf-8";

std::string row(std::string_view link, std::string_view what) {
  std::string html = "<tr><td><a href=\"";
  html.append(link).append("\"><code>").append(link).append("</code></a></td><td>");
  html.append(what).append("</td></tr>\n");
  return html;
}

std::string welcome_page(const DemoIdentity& identity) {
  std::string html = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>prefork-server</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem;
       color: #1d2733; background: #fbfbf9; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
p.by { margin-top: .2rem; color: #5a6774; }
b { color: #0b6e4f; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
td { border-top: 1px solid #dde2e6; padding: .45rem .6rem .45rem 0; vertical-align: top; }
a { color: #0b5cad; text-decoration: none; } a:hover { text-decoration: underline; }
</style>
</head>
<body>
<h1>prefork-server is running</h1>
)";
  html.append("<p class=\"by\">This page came from <b>worker ")
      .append(std::to_string(identity.slot));
  html.append("</b>, pid <b>").append(std::to_string(identity.pid)).append("</b>. ");
  html.append("Reload it over a new connection and another worker may answer.</p>\n<table>\n");
  html.append(row("/plaintext", "<code>Hello, World!</code>, for load tests"));
  html.append(row("/json", "the same as JSON"));
  html.append(row("/echo", "your request as it arrived; with a body, that comes back too"));
  html.append(row("/cookie", "the cookies of your request, one a line"));
  html.append(row("/client", "who you are to the server, behind proxies too"));
  html.append(row("/stream?bytes=10000", "so many bytes, made as you take them"));
  html.append(row("/sleep?ms=500", "blocks a pool thread for so long; the event loop goes on"));
  if (identity.may_crash) {
    html.append(row("/crash", "kills this worker; the master replaces it"));
  }
  if (!identity.statistics_url.empty()) {
    html.append(row(identity.statistics_url, "what each worker does, live"));
  }
  html.append("</table>\n</body>\n</html>\n");
  return html;
}

void echo(const http::Request& request, http::Response& response) {
  response.set_content_type(kText);
  std::string& text = response.body();
  text.append(request.method_text).append(" ").append(request.target);
  text.append(request.version_minor == 0 ? " HTTP/1.0\n" : " HTTP/1.1\n");
  for (const http::Field& field : request.fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  text.append("\n").append(request.body);
}

// type "/" subtype, and parameters of visible characters.
bool is_media_type(std::string_view text) {
  const std::string_view range = config::trim(text.substr(0, text.find(';')));
  const std::size_t slash = range.find('/');
  return slash != std::string_view::npos && config::is_token(range.substr(0, slash)) &&
         config::is_token(range.substr(slash + 1)) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void give_back(const http::Request& request, http::Response& response) {
  const auto type = request.fields.find("content-type");
  response.add_field("Content-Type",
                     type && is_media_type(*type) ? *type : "application/octet-stream");
  response.set_body(std::string(request.body));
}

// A pair has a name; what has none is dropped, as browsers and frameworks do.
void list_cookies(const http::Request& request, http::Response& response) {
  response.set_content_type(kText);
  std::string& text = response.body();
  for (const http::Field& field : request.fields) {
    if (!config::equals_ignoring_case(field.name, "cookie")) {
      continue;
    }
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = config::trim(rest.substr(0, end));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && equals != 0) {
        text.append(pair).append("\n");
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

// The number in a query of the form "name=123".
std::optional<std::uint64_t> number_in(std::string_view query, std::string_view name,
                                       std::uint64_t limit) {
  if (!query.starts_with(name) || !query.substr(name.size()).starts_with('=')) {
    return std::nullopt;
  }
  query.remove_prefix(name.size() + 1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), value);
  if (error != std::errc{} || end != query.data() + query.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

void sleep_a_while(const http::Request& request, http::Response& response) {
  const auto ms = number_in(request.query, "ms", kMaxSleepMs);
  if (!ms) {
    response.set_error(400, "use /sleep?ms=N with N from 0 to " + std::to_string(kMaxSleepMs));
    return;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(*ms));
  response.set_content_type(kText);
  response.set_body("slept " + std::to_string(*ms) + " ms\n");
}

// Lines of text: a page of them, because pages are copied faster than lines.
constexpr std::string_view kLine =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+\n";
constexpr auto kPageOfLines = [] {
  std::array<char, 4096> page{};
  for (std::size_t i = 0; i < page.size(); ++i) {
    page[i] = kLine[i % kLine.size()];
  }
  return page;
}();
static_assert(kPageOfLines.size() % kLine.size() == 0);

// So many bytes of text, made as the client takes them.
class TextSource : public http::BodySource {
 public:
  explicit TextSource(std::uint64_t size) : left_(size) {}

  http::SourceResult read(std::span<char> room) override {
    if (left_ == 0) {
      return {http::SourceStatus::end, 0};
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left_));
    for (std::size_t filled = 0; filled < size;) {
      const std::size_t piece = std::min(size - filled, kPageOfLines.size() - at_);
      std::memcpy(room.data() + filled, kPageOfLines.data() + at_, piece);
      filled += piece;
      at_ = (at_ + piece) % kPageOfLines.size();
    }
    left_ -= size;
    return {http::SourceStatus::more, size};
  }

 private:
  std::uint64_t left_;
  std::size_t at_ = 0;
};

void stream(const http::Request& request, http::Response& response) {
  const auto size = number_in(request.query, "bytes", kMaxStreamBytes);
  if (!size) {
    response.set_error(400,
                       "use /stream?bytes=N with N from 0 to " + std::to_string(kMaxStreamBytes));
    return;
  }
  response.set_content_type(kText);
  response.set_source(std::make_unique<TextSource>(*size));
}

// What the server knows of the client, proxies in between taken into account.
void tell_client(const http::Request& request, http::Response& response) {
  response.set_content_type(kText);
  std::string& text = response.body();
  text.append("client ").append(ipc::to_string(request.peer));
  text.append("\nscheme ").append(request.scheme == http::Scheme::https ? "https" : "http");
  text.append("\nhost ").append(request.host);
  text.append("\nroot path ").append(request.root_path).append("/\n");
}

}  // namespace

std::unique_ptr<exchange::Application> make_demo_app(const DemoIdentity& identity) {
  auto router = std::make_unique<routing::Router>();
  router->add(http::Method::get, "/plaintext", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_content_type("text/plain");
                response.set_static_body("Hello, World!");
              });
  router->add(http::Method::get, "/", exchange::RunOn::loop,
              [page = welcome_page(identity)](const http::Request&, http::Response& response) {
                response.set_content_type("text/html; charset=utf-8");
                response.set_static_body(page);
              });
  router->add(http::Method::post, "/", exchange::RunOn::loop, give_back);
  router->add(http::Method::get, "/cookie", exchange::RunOn::loop, list_cookies);
  router->add(http::Method::post, "/cookie", exchange::RunOn::loop, list_cookies);
  router->add(http::Method::get, "/json", exchange::RunOn::loop,
              [](const http::Request&, http::Response& response) {
                response.set_content_type("application/json");
                response.set_static_body(R"({"message":"Hello, World!"})");
              });
  for (const http::Method method : {http::Method::get, http::Method::post, http::Method::put,
                                    http::Method::patch, http::Method::delete_}) {
    router->add(method, "/echo", exchange::RunOn::loop, echo);
  }
  router->add(http::Method::get, "/client", exchange::RunOn::loop, tell_client);
  router->add(http::Method::get, "/stream", exchange::RunOn::loop, stream);
  router->add(http::Method::get, "/sleep", exchange::RunOn::pool, sleep_a_while);
  if (identity.may_crash) {
    router->add(http::Method::get, "/crash", exchange::RunOn::loop,
                [](const http::Request&, http::Response&) { std::raise(SIGSEGV); });
  }
  return router;
}

}  // namespace prefork::demo
