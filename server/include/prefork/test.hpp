// For tests of an application: a client, and the server that it asks, within the program of the
// test. No port, no network and no other process: the requests go through the same code as in
// prefork-server, from the first byte of the head to the last of the content, with its limits and
// times, on an event loop and a thread pool of the test's own. Link prefork::test.
//
//   #include <prefork/test.hpp>
//
//   TEST(Shop, SaysHello) {
//     prefork::TestClient client([](prefork::App& app) {
//       app.get("/", [](const prefork::Request&) { return prefork::text("hello"); });
//     });
//     EXPECT_EQ(client.get("/").body(), "hello");
//   }
//
// The sources of an application with PREFORK_APP are linked into the test, and the client needs no
// argument. It is the worker 0 of one, and its leader; hooks of its life are called, on_worker_stop
// and the destructors of what the application holds at the end of the last client. Tasks run on a
// thread of the test.
//
// Sanitizers see the application and the test, not the library. ThreadSanitizer therefore takes
// what goes to a task and back, which is handed over by atomics in shared memory, for a race: tests
// of tasks want a library that is built with it too (PREFORK_SANITIZE=thread).
//
// With the environment variable PREFORK_TEST_URL (http://127.0.0.1:8000, unix:/run/shop.sock) the
// same tests ask the server at that place instead.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <concepts>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefork/app.hpp>
#include <prefork/test/connection.hpp>
#include <prefork/test/cookies.hpp>
#include <prefork/test/request.hpp>
#include <prefork/test/response.hpp>
#include <prefork/test/server.hpp>
#include <prefork/test/stream.hpp>

// Of the application that is linked into the test, made by PREFORK_APP.
extern "C" int prefork_load(const prefork_api* api, prefork_app* app);

namespace prefork {
inline namespace v1 {

// One thread at a time; several clients are several threads' or several users'.
class TestClient {
 public:
  using Settings = std::vector<std::string>;
  using Headers = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  using Entry = int (*)(const prefork_api* api, prefork_app* app);

  // The application whose source is linked into this program.
  TestClient() : TestClient(prefork_load) {}
  // That with settings, or one that is not in C++. `settings`: as on the command line of
  // prefork-server: {"--limit-body", "1k"}. Throws std::runtime_error with the reason why the
  // application cannot be loaded or does not start, and what is wrong with the settings.
  explicit TestClient(Entry entry, const Settings& settings = {})
      : server_(open(entry, {}, settings)) {}
  // What `define` defines, which is called within the constructor, by another thread.
  template <typename Define>
  requires std::invocable<Define&, App&>
  explicit TestClient(Define define, const Settings& settings = {})
      : server_(open([&define](const prefork_api* api,
                               prefork_app* app) { return App::load(api, app, std::ref(define)); },
                     {}, settings)) {}
  // The application in a shared object ("build/libshop.so"), a folder of files ("public"), or the
  // server at a URL, for which settings have no effect.
  explicit TestClient(const std::string& target, const Settings& settings = {})
      : server_(open(nullptr, target, settings)) {}
  explicit TestClient(const char* target, const Settings& settings = {})
      : TestClient(std::string(target), settings) {}

  // A client of the same server, without cookies.
  [[nodiscard]] TestClient another() const { return TestClient(server_); }

  // `target`: path and query, encoded as they are to be sent. `headers` are added. Throw
  // TestFailure.
  TestResponse get(std::string_view target, Headers headers = {}) {
    return with(request("GET", target), headers).send();
  }
  TestResponse head(std::string_view target, Headers headers = {}) {
    return with(request("HEAD", target), headers).send();
  }
  TestResponse post(std::string_view target, std::string body = {}, Headers headers = {}) {
    return with(request("POST", target), headers).body(std::move(body)).send();
  }
  TestResponse put(std::string_view target, std::string body = {}, Headers headers = {}) {
    return with(request("PUT", target), headers).body(std::move(body)).send();
  }
  TestResponse patch(std::string_view target, std::string body = {}, Headers headers = {}) {
    return with(request("PATCH", target), headers).body(std::move(body)).send();
  }
  TestResponse del(std::string_view target, Headers headers = {}) {
    return with(request("DELETE", target), headers).send();
  }
  // Any other request.
  TestRequest request(std::string_view method, std::string_view target) {
    return {*this, method, target};
  }
  // The answer to a GET in pieces: streams, events.
  TestStream stream(std::string_view target, Headers headers = {}) {
    return with(request("GET", target), headers).stream();
  }
  // Bytes as they are.
  TestConnection connect() { return {server_->connect(), patience_}; }

  // A field of every request from now on.
  TestClient& header(std::string_view name, std::string_view value) {
    fields_.add(std::string(name), std::string(value));
    return *this;
  }
  // What the server has set so far; sent with each request.
  TestCookies& cookies() { return cookies_; }
  // How long the server may be silent before a call throws TestFailure; 10 s at first.
  TestClient& patience(std::chrono::milliseconds patience) {
    patience_ = patience;
    return *this;
  }

  // The server's log since its start; empty where it is at a URL.
  [[nodiscard]] std::string log() const { return server_->read_log(0, {}); }
  // Waits until `text` is in it. False: not within the client's patience.
  bool wait_for_log(std::string_view text) const {
    const auto end = std::chrono::steady_clock::now() + patience_;
    std::string all = log();
    while (all.find(text) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        return false;
      }
      all += server_->read_log(all.size(), left);
    }
    return true;
  }

 private:
  friend class TestRequest;
  using Server = std::shared_ptr<detail::TestServer>;

  explicit TestClient(Server server) : server_(std::move(server)) {}

  static Server open(const detail::ServerInProgram::Load& load, const std::string& target,
                     const Settings& settings) {
    const char* const variable = std::getenv("PREFORK_TEST_URL");
    const std::string url = variable != nullptr ? variable : "";
    if (!url.empty() || detail::ServerAtUrl::is_url(target)) {
      return std::make_shared<detail::ServerAtUrl>(url.empty() ? target : url);
    }
    return std::make_shared<detail::ServerInProgram>(load, target, settings);
  }
  static TestRequest with(TestRequest request, Headers headers) {
    for (const auto& [name, value] : headers) {
      request.header(name, value);
    }
    return request;
  }

  enum class Content { whole, chunked };
  std::string write_head(const TestRequest& request, Content content) const;
  TestStream begin(const TestRequest& request, Content content);
  TestResponse send(const TestRequest& request);
  void take_cookies(const TestHead& head, std::string_view target) {
    for (const std::string& field : head.fields.get_all("Set-Cookie")) {
      cookies_.take(field, target);
    }
  }

  Server server_;
  std::chrono::milliseconds patience_{10'000};
  TestFields fields_;
  TestCookies cookies_;
  std::optional<TestConnection> idle_;  // kept for the next request (RFC 9112 section 9.3)
};

inline std::string TestClient::write_head(const TestRequest& request, Content content) const {
  std::string head = request.method_ + " " + request.target_ + " HTTP/1.1\r\n";
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  const auto has = [&](std::string_view name) { return request.fields_.get(name).has_value(); };
  if (!has("Host")) {
    add("Host", server_->host());
  }
  for (const TestFields* const fields : {&fields_, &request.fields_}) {
    for (const auto& [name, value] : fields->list()) {
      add(name, value);
    }
  }
  if (const std::string cookies = cookies_.to_send(request.target_);
      !cookies.empty() && !has("Cookie")) {
    add("Cookie", cookies);
  }
  if (content == Content::chunked) {
    add("Transfer-Encoding", "chunked");
  } else if (request.has_body_ && !has("Content-Length")) {
    add("Content-Length", std::to_string(request.body_.size()));
  }
  return head + "\r\n";
}

inline TestStream TestClient::begin(const TestRequest& request, Content content) {
  // One that the server has closed meanwhile, or that has more to say, is no good.
  if (idle_ && idle_->is_readable()) {
    idle_.reset();
  }
  TestConnection connection = idle_ ? std::move(*idle_) : connect();
  idle_.reset();
  // What the server has said of one it does not take is read in any case.
  connection.send(write_head(request, content) +
                  (content == Content::whole ? request.body_ : std::string()));
  return {std::move(connection), request.method_};
}

inline TestResponse TestClient::send(const TestRequest& request) {
  try {
    TestStream stream = begin(request, Content::whole);
    TestResponse response = stream.response();
    take_cookies(stream.head(), request.target_);
    if (stream.keeps_connection()) {
      idle_.emplace(stream.take_connection());
    }
    return response;
  } catch (const TestFailure& failure) {
    throw TestFailure(request.method_ + " " + request.target_ + ": " + failure.what());
  }
}

inline TestResponse TestRequest::send() { return client_->send(*this); }

inline TestStream TestRequest::stream() {
  TestStream stream = client_->begin(*this, TestClient::Content::whole);
  client_->take_cookies(stream.head(), target_);
  return stream;
}

inline TestStream TestRequest::open_upload() {
  return client_->begin(*this, TestClient::Content::chunked);
}

}  // namespace v1
}  // namespace prefork
