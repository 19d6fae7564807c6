// A request, as handlers see it. Cheap to copy: a pointer. Every view lives as long as the request:
// until the handler returns, for deferred handlers until the answer is complete. One thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {

struct Field {
  std::string_view name;
  std::string_view value;
};

namespace detail {

inline std::string_view view(prefork_text text) {
  return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}
inline prefork_text text(std::string_view view) { return {view.data(), view.size()}; }

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

inline int hex(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// application/x-www-form-urlencoded: `+` is a space; an escape that is none stays as it is.
inline std::string decoded(std::string_view encoded) {
  std::string result;
  result.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+') {
      result.push_back(' ');
    } else if (encoded[i] == '%' && i + 2 < encoded.size() && hex(encoded[i + 1]) >= 0 &&
               hex(encoded[i + 2]) >= 0) {
      result.push_back(static_cast<char>(hex(encoded[i + 1]) * 16 + hex(encoded[i + 2])));
      i += 2;
    } else {
      result.push_back(encoded[i]);
    }
  }
  return result;
}

// The first value of `name` in "a=1&b=2".
inline std::optional<std::string> form_value(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(pair.size() < form.size() ? pair.size() + 1 : form.size());
    const std::size_t equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? std::string{} : decoded(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace detail

class Request {
 public:
  Request(const prefork_api& api, const prefork_request& request)
      : api_(&api), request_(&request) {}

  std::uint64_t id() const { return request_->id; }
  std::string_view method() const { return detail::view(request_->method); }
  std::string_view path() const { return detail::view(request_->path); }  // decoded
  std::string_view target() const { return detail::view(request_->target); }
  std::string_view host() const { return detail::view(request_->host); }
  std::string_view scheme() const { return detail::view(request_->scheme); }
  std::string_view root_path() const { return detail::view(request_->root_path); }
  std::string_view client() const { return detail::view(request_->client); }  // "192.0.2.7:4711"

  // Of the route's pattern; empty for a name it does not have.
  std::string_view parameter(std::string_view name) const {
    for (const prefork_field& field : parameters()) {
      if (detail::view(field.name) == name) {
        return detail::view(field.value);
      }
    }
    return {};
  }

  // The query as sent, or one value of it, decoded.
  std::string_view query() const { return detail::view(request_->query); }
  std::optional<std::string> query(std::string_view name) const {
    return detail::form_value(query(), name);
  }

  // The first field of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const prefork_field& field : raw_headers()) {
      if (detail::same_ignoring_case(detail::view(field.name), name)) {
        return detail::view(field.value);
      }
    }
    return std::nullopt;
  }
  std::size_t header_count() const { return request_->field_count; }
  Field header(std::size_t index) const {
    const prefork_field& field = request_->fields[index];
    return {detail::view(field.name), detail::view(field.value)};
  }

  std::optional<std::string_view> cookie(std::string_view name) const {
    for (const prefork_field& field : raw_headers()) {
      if (!detail::same_ignoring_case(detail::view(field.name), "cookie")) {
        continue;
      }
      std::string_view rest = detail::view(field.value);
      while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(';'));
        rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && detail::trimmed(pair.substr(0, equals)) == name) {
          return detail::trimmed(pair.substr(equals + 1));
        }
      }
    }
    return std::nullopt;
  }

  // The content, where the handler does not stream it.
  std::string_view body() const { return detail::view(request_->body); }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span<const char>(body().data(), body().size()));
  }
  // One value of a form in the body (application/x-www-form-urlencoded), decoded.
  std::optional<std::string> form(std::string_view name) const {
    return detail::form_value(body(), name);
  }

  // In handlers that stream the content: waits for more of it and puts it into `room`. 0 at its
  // end. Throws std::runtime_error when the rest will not come.
  std::size_t read(std::span<char> room) const;

  const prefork_request& native() const { return *request_; }

 private:
  std::span<const prefork_field> raw_headers() const {
    return {request_->fields, request_->field_count};
  }
  std::span<const prefork_field> parameters() const {
    return {request_->parameters, request_->parameter_count};
  }

  const prefork_api* api_;
  const prefork_request* request_;
};

}  // namespace v1
}  // namespace prefork

#include <stdexcept>

namespace prefork {
inline namespace v1 {

inline std::size_t Request::read(std::span<char> room) const {
  if (request_->content == nullptr) {
    throw std::logic_error("read() in a handler that does not stream the content");
  }
  std::size_t got = 0;
  switch (api_->read(request_->content, room.data(), room.size(), &got)) {
    case PREFORK_OK:
      return got;
    case PREFORK_END:
      return 0;
    default:
      throw std::runtime_error("the client ended the request early");
  }
}

}  // namespace v1
}  // namespace prefork
