// Examples of the reference, see deploy/reference/filter.awk.
#include <prefork/test.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

using std::chrono_literals::operator""s;

void test_define(prefork::App& app);

// TestClient: get, head, post, put, patch, del, another, header, patience
// TestResponse: status, header, headers, body, is_complete, trailers, interim
// TestFields: get, get_all, list
bool test_orders() {
  prefork::TestClient client(test_define, {"--limit-body", "1k"});
  client.header("Accept", "application/json").patience(5s);
  const prefork::TestResponse made = client.post("/orders", R"({"item":7})");
  const std::string place = made.header("Location").value_or("/orders/1");
  return made.status() == 201 && client.get(place, {{"If-None-Match", "\"1\""}}).status() == 304 &&
         client.head(place).body().empty() && client.put(place, "{}").is_complete() &&
         client.patch(place, "{}").interim().empty() && client.del(place).status() == 204 &&
         client.another().get(place).headers().get_all("Vary").empty() &&
         made.headers().get("ETag") && made.headers().list().size() > 3 &&
         made.trailers().list().empty();
}

// TestClient: request
// TestRequest: header, query, body, json, form, multipart, send
bool test_forms() {
  prefork::TestClient client(test_define);
  const prefork::TestResponse found =
      client.request("GET", "/orders").query("page", "2").header("Accept", "text/html").send();
  return found.status() == 200 &&
         client.request("POST", "/orders").json(R"({"item":7})").send().status() == 201 &&
         client.request("POST", "/login").form({{"user", "ann"}}).send().status() == 204 &&
         client.request("PUT", "/text").body("as it is", "text/plain").send().status() == 204 &&
         client.request("POST", "/photos")
                 .multipart({{"title", "Sea"}, {"photo", "...", "sea.jpg", "image/jpeg"}})
                 .send()
                 .status() == 201;
}

// TestClient: cookies
// TestCookies: set, get, clear, size
// TestResponse: cookie
bool test_session() {
  prefork::TestClient client(test_define);
  client.cookies().set("language", "en");
  const prefork::TestResponse login = client.post("/login", "user=ann");
  const bool is_in = login.cookie("session") && client.cookies().get("session") &&
                     client.cookies().size() == 2 && client.get("/me").status() == 200;
  client.cookies().clear();
  return is_in && client.get("/me").status() == 401;
}

// TestClient: stream
// TestStream: status, header, read, is_complete, event, close
bool test_events() {
  prefork::TestClient client(test_define);
  prefork::TestStream events = client.stream("/events");
  const std::optional<prefork::TestEvent> first = events.event();
  events.close();  // the client leaves
  prefork::TestStream report = client.stream("/report");
  while (const std::optional<std::string> piece = report.read()) {
    std::puts(piece->c_str());
  }
  return first && first->data == "tea is ready" && report.status() == 200 && report.is_complete() &&
         report.header("Content-Type") == "text/csv";
}

// TestRequest: stream, open_upload
// TestStream: write, end, interim, response, head
bool test_upload() {
  prefork::TestClient client(test_define);
  prefork::TestStream upload =
      client.request("PUT", "/files/a").header("Expect", "100-continue").open_upload();
  const bool is_asked = upload.interim().status == 100;
  upload.write("one ");
  upload.write("two");
  upload.end();
  const bool is_taken = upload.head().status == 201 && upload.response().body() == "7";
  return is_asked && is_taken && client.request("GET", "/files/a").stream().read() == "one two";
}

// TestClient: log, wait_for_log
bool test_failure() {
  prefork::TestClient client(test_define);
  const bool is_told =
      client.get("/fails").status() == 500 && client.log().find("no disk") != std::string::npos;
  return is_told && client.wait_for_log("what happens after the answer");
}

// TestClient: connect
// TestConnection: send, finish, receive, receive_all, received, take, is_readable, close, is_open
bool test_bytes() {
  prefork::TestClient client(test_define);
  prefork::TestConnection connection = client.connect();
  connection.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  connection.finish();
  connection.receive();
  const std::string version = connection.take(8);
  const bool is_more = !connection.received().empty() || connection.is_readable();
  connection.receive_all();
  connection.close();
  return version == "HTTP/1.1" && is_more && !connection.is_open();
}
