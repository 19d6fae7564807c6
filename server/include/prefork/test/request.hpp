// A request that a TestClient is about to make. One thread.
//
//   const auto made = client.request("POST", "/orders").header("Accept", "text/html")
//                         .form({{"item", "7"}, {"count", "2"}}).send();
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>
#include <prefork/test/response.hpp>
#include <prefork/test/stream.hpp>

namespace prefork {
inline namespace v1 {

class TestClient;

// A part of multipart/form-data (RFC 7578): a field, or with a `filename` a file.
struct TestPart {
  std::string name;
  std::string content;
  std::string filename{};
  std::string type{};  // Content-Type of the part; empty: none
};

class TestRequest {
 public:
  using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // For TestClient, which outlives it.
  TestRequest(TestClient& client, std::string_view method, std::string_view target)
      : client_(&client), method_(method), target_(target) {}

  // Adds a field. Host, Content-Length and Cookie are added when it is sent, where they were not.
  TestRequest& header(std::string_view name, std::string_view value) {
    fields_.add(std::string(name), std::string(value));
    return *this;
  }
  // Adds "name=value" to the query, encoded.
  TestRequest& query(std::string_view name, std::string_view value) {
    target_ +=
        (target_.find('?') == std::string::npos ? "?" : "&") + encoded(name) + "=" + encoded(value);
    return *this;
  }
  // The content. `type`: for Content-Type; empty: none.
  TestRequest& body(std::string content, std::string_view type = {}) {
    body_ = std::move(content);
    has_body_ = true;
    return type.empty() ? *this : header("Content-Type", type);
  }
  TestRequest& json(std::string text) { return body(std::move(text), "application/json"); }
  // A form, encoded (application/x-www-form-urlencoded).
  TestRequest& form(Pairs pairs) {
    std::string content;
    for (const auto& [name, value] : pairs) {
      content += (content.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
    }
    return body(std::move(content), "application/x-www-form-urlencoded");
  }
  TestRequest& multipart(const std::vector<TestPart>& parts) {
    static constexpr std::string_view kBoundary = "prefork-test-boundary-7d1b6a";
    std::string content;
    for (const TestPart& part : parts) {
      content.append("--").append(kBoundary);
      content += "\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
      content += part.filename.empty() ? "" : "; filename=\"" + part.filename + "\"";
      content += part.type.empty() ? "" : "\r\nContent-Type: " + part.type;
      content += "\r\n\r\n" + part.content + "\r\n";
    }
    content.append("--").append(kBoundary).append("--\r\n");
    return body(std::move(content), "multipart/form-data; boundary=" + std::string(kBoundary));
  }

  // The whole answer. Throws TestFailure.
  TestResponse send();
  // The answer in pieces. Throws TestFailure.
  TestStream stream();
  // Sends the head alone; TestStream::write() and end() send the content, chunked.
  TestStream open_upload();

 private:
  friend class TestClient;

  static std::string encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
      const auto byte = static_cast<unsigned char>(c);
      result +=
          is_plain ? std::string(1, c) : std::string{'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
    return result;
  }

  TestClient* client_;
  std::string method_;
  std::string target_;
  TestFields fields_;
  std::string body_;
  bool has_body_ = false;
};

}  // namespace v1
}  // namespace prefork
