// What a server has answered, as a TestClient has received it. A plain value; one thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

// Fields of a header section (RFC 9110 section 5), in the order they came.
class TestFields {
 public:
  using Field = std::pair<std::string, std::string>;

  // For the layer below.
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // The value of the first of that name, in any case. Nothing: there is none.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const {
    for (const Field& field : fields_) {
      if (detail::same_ignoring_case(field.first, name)) {
        return field.second;
      }
    }
    return std::nullopt;
  }
  // The values of all of that name.
  [[nodiscard]] std::vector<std::string> get_all(std::string_view name) const {
    std::vector<std::string> values;
    for (const Field& field : fields_) {
      if (detail::same_ignoring_case(field.first, name)) {
        values.push_back(field.second);
      }
    }
    return values;
  }
  [[nodiscard]] const std::vector<Field>& list() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Status and fields of an answer, or of what came before it (1xx).
struct TestHead {
  int status = 0;
  TestFields fields;
};

class TestResponse {
 public:
  // For the layer below.
  TestResponse(TestHead head, std::vector<TestHead> interim)
      : head_(std::move(head)), interim_(std::move(interim)) {}
  void set_content(std::string body, TestFields trailers, bool is_complete) {
    body_ = std::move(body);
    trailers_ = std::move(trailers);
    is_complete_ = is_complete;
  }

  [[nodiscard]] int status() const { return head_.status; }
  // The first of that name, in any case. Nothing: there is none.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const {
    return head_.fields.get(name);
  }
  [[nodiscard]] const TestFields& headers() const { return head_.fields; }
  // The content, without its framing.
  [[nodiscard]] const std::string& body() const { return body_; }
  // False: the connection ended within the content, as it does when the function of a stream
  // throws.
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  // The value of a cookie that this response sets. Nothing: it does not set it.
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const {
    for (const std::string& set : head_.fields.get_all("Set-Cookie")) {
      const std::string_view pair = std::string_view(set).substr(0, set.find(';'));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && detail::trimmed(pair.substr(0, equals)) == name) {
        return std::string(detail::trimmed(pair.substr(equals + 1)));
      }
    }
    return std::nullopt;
  }
  // Heads that came before (RFC 9110 section 15.2): 100, 103.
  [[nodiscard]] const std::vector<TestHead>& interim() const { return interim_; }
  // Fields behind chunked content (RFC 9110 section 6.5).
  [[nodiscard]] const TestFields& trailers() const { return trailers_; }

 private:
  TestHead head_;
  std::vector<TestHead> interim_;
  std::string body_;
  TestFields trailers_;
  bool is_complete_ = true;
};

}  // namespace v1
}  // namespace prefork
