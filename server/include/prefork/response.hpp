// A response, made by a handler and returned. Plain value that owns what it is given; one thread at
// a time. Nothing is checked while it is made: what may not be sent (a status outside of 200 to
// 599, a field with a line end in it, content of a 204, 205 or 304) becomes a 500 and a line in the
// log when it is sent.
#pragma once

#include <prefork/cxx20.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/content_disposition.hpp>
#include <prefork/error.hpp>
#include <prefork/http_date.hpp>
#include <prefork/later_body.hpp>
#include <prefork/request.hpp>
#include <prefork/writer.hpp>

namespace prefork {
inline namespace v1 {

struct Cookie;  // cookie.hpp

// What an entity tag says of contents that have the same one, see Response::etag.
enum class Etag { strong, weak };

class Response {
 public:
  // Writes the content. What it throws cuts the connection, so that the client sees that the
  // response is not complete, and is logged.
  using Body = std::function<void(Writer&)>;

  // `status`: 200 to 599.
  explicit Response(int status = 200) : status_(status) {}
  // The page that the server makes of an error, as if it was thrown; see error.hpp. What is set
  // besides goes with it, a body takes its place.
  // NOLINTNEXTLINE(google-explicit-constructor): so that a handler may return one.
  Response(const Error& error)
      : status_(error.status()),
        body_(detail::error_line(error)),
        error_(std::make_shared<const Error>(error)) {
    header("Content-Type", "text/plain; charset=utf-8");
    for (const auto& [name, value] : error.fields()) {
      add_header(name, value);
    }
  }
  Response(int status, std::string_view content_type, std::string body)
      : status_(status), body_(std::move(body)) {
    header("Content-Type", content_type);
  }

  // Each of the following is there twice: what is made in a return statement is moved out of it.
  Response& status(int status) & {
    status_ = status;
    return *this;
  }
  Response&& status(int status) && { return std::move(this->status(status)); }
  int status() const { return status_; }

  // Sets a field: takes the place of all of that name, in any case. Content-Length,
  // Transfer-Encoding, Connection, Keep-Alive, Proxy-Connection, Date and Server are the server's:
  // to set one of them makes the response a 500, and so does a control character (but a tab) in the
  // value.
  Response& header(std::string_view name, std::string_view value) & {
    return remove_header(name).add_header(name, value);
  }
  Response&& header(std::string_view name, std::string_view value) && {
    return std::move(header(name, value));
  }
  // Adds one more of a name, for those that may come several times (Set-Cookie, Link). A second
  // Content-Type, Content-Range, Content-Location, ETag, Location, Last-Modified, Retry-After or
  // Expires makes the response a 500.
  Response& add_header(std::string_view name, std::string_view value) & {
    fields_.emplace_back(name, value);
    return *this;
  }
  Response&& add_header(std::string_view name, std::string_view value) && {
    return std::move(add_header(name, value));
  }
  // Sets a cookie, or makes the browser forget the one of that name, path and domain; takes the
  // place of what was said of it before. See cookie.hpp. Throws std::invalid_argument.
  Response& set_cookie(const Cookie& cookie) &;
  Response&& set_cookie(const Cookie& cookie) &&;
  Response& expire_cookie(Cookie cookie) &;
  Response&& expire_cookie(Cookie cookie) &&;
  // The first of that name, in any case; nothing: there is none. Ends with the next change.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [known, value] : fields_) {
      if (detail::same_ignoring_case(known, name)) {
        return value;
      }
    }
    return std::nullopt;
  }
  // All of that name, in their order. They end with the next change.
  std::vector<std::string_view> headers(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [known, value] : fields_) {
      if (detail::same_ignoring_case(known, name)) {
        values.push_back(value);
      }
    }
    return values;
  }
  // Takes away all of that name.
  Response& remove_header(std::string_view name) & {
    std::erase_if(fields_, [name](const auto& field) {
      return detail::same_ignoring_case(field.first, name);
    });
    return *this;
  }
  Response&& remove_header(std::string_view name) && { return std::move(remove_header(name)); }
  // The content; Content-Length follows from it. A file or a stream takes its place.
  Response& body(std::string body) & {
    body_ = std::move(body);
    forget_content();
    return *this;
  }
  Response&& body(std::string body) && { return std::move(this->body(std::move(body))); }
  // Empty where the content is a file or a stream.
  const std::string& body() const { return body_; }
  // The content of a file, sent by sendfile(2) without being read into memory, as a mounted folder
  // shows it: with ETag and Last-Modified, conditions and ranges, app.js.br beside app.js, and the
  // type of its name unless Content-Type is set. It is opened when the response is sent; a path
  // that leads to no file makes it a 404, one that may not be read a 403. With a status but 200, or
  // an ETag or Last-Modified of your own, it is sent whole.
  Response& file(std::string path) & {
    file_ = std::move(path);
    forget_content();
    return *this;
  }
  Response&& file(std::string path) && { return std::move(file(std::move(path))); }
  // The content is written by a function, after the head is sent. In handlers on the pool; on the
  // event loop it makes the response a 500. `size`: bytes that the function writes, for
  // Content-Length; without it the content is chunked (RFC 9112 section 7.1). Meanwhile another
  // thread takes this one's place: slow clients hold up nobody, up to 256 of them in each worker.
  Response& stream(Body body, std::optional<std::uint64_t> size = {}) & {
    stream_ = std::move(body);
    stream_size_ = size;
    forget_content();
    return *this;
  }
  Response&& stream(Body body, std::optional<std::uint64_t> size = {}) && {
    return std::move(stream(std::move(body), size));
  }
  // Ends the connection behind this response (Connection: close, RFC 9112 section 9.6).
  Response& close_connection() & {
    close_ = true;
    return *this;
  }
  Response&& close_connection() && { return std::move(close_connection()); }

  // The content is to be saved under that name: Content-Disposition: attachment (RFC 6266), also
  // for names beyond ASCII (RFC 8187). Throws std::invalid_argument for a name that is empty, no
  // UTF-8, or has a control character or a slash in it.
  Response& download(std::string_view name) & {
    return header("Content-Disposition", detail::attachment(name));
  }
  Response&& download(std::string_view name) && { return std::move(download(name)); }

  // ETag (RFC 9110 section 8.8.3), and what follows from it: where the request is GET or HEAD and
  // the status 200, its conditions are looked at (section 13), and who has the content already gets
  // 304 without it, who wants another one 412. `tag` goes without quotes. A weak one says that
  // contents mean the same, a strong one that they are the same, byte for byte. Throws
  // std::invalid_argument for a tag with a quote, white space or a control character in it.
  Response& etag(std::string_view tag, Etag kind = Etag::strong) & {
    for (const char c : tag) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte <= 0x20 || byte == 0x22 || byte == 0x7F) {
        throw std::invalid_argument("etag(): no quote, white space or control character in a tag");
      }
    }
    validates_ = true;
    return header("ETag", std::string(kind == Etag::weak ? "W/\"" : "\"").append(tag).append("\""));
  }
  Response&& etag(std::string_view tag, Etag kind = Etag::strong) && {
    return std::move(etag(tag, kind));
  }
  // The same with a strong tag that the server makes of the body when it is sent: it is hashed with
  // each request, which saves the way to the client and nothing else. A file has one by itself; of
  // a stream it makes the response a 500.
  Response& etag() & {
    validates_ = hashes_body_ = true;
    return *this;
  }
  Response&& etag() && { return std::move(etag()); }
  // Last-Modified (RFC 9110 section 8.8.2), in whole seconds, and what follows from it, as above.
  Response& last_modified(std::chrono::system_clock::time_point time) & {
    validates_ = true;
    return header("Last-Modified", detail::http_date(time));
  }
  Response&& last_modified(std::chrono::system_clock::time_point time) && {
    return std::move(last_modified(time));
  }

  // For the layer below: the content is made on the event loop, after the handler has returned.
  void later(std::shared_ptr<detail::LaterBody> body) {
    later_ = std::move(body);
    forget_content();
  }
  const std::shared_ptr<detail::LaterBody>& later() const { return later_; }

  // For the layer below. Throws std::logic_error for a stream that cannot be, std::runtime_error
  // for a file that cannot be opened, and what the function of a stream throws.
  void send(const prefork_api& api, prefork_response* to) const {
    if (is_of_server_) {
      write_back(api, to);
    } else {
      send_all(api, to);
    }
  }
  void send_head(const prefork_api& api, prefork_response* to) const {
    api.set_status(to, status_);
    for (const auto& [name, value] : fields_) {
      api.add_field(to, detail::text(name), detail::text(value));
    }
    if (close_) {
      api.close_connection(to);
    }
  }
  bool has_stream() const { return stream_ != nullptr || later_ != nullptr; }
  bool has_file() const { return !file_.empty(); }
  std::size_t header_count() const { return fields_.size(); }
  // For the layer below: lets the server make the page of an error, if this is one; then it is a
  // response of the server's. `failure`: what the log is told, for pages that show it.
  void make_error_page(const prefork_api& api, prefork_response* to,
                       const std::optional<std::string>& failure);

  // For the layer below: a response that the server has made, to be changed and written back. Its
  // content stays where it is unless it is set anew.
  static Response of_server(const prefork_api& api, const prefork_response* from) {
    Response response(api.get_status(from));
    prefork_field field{};
    for (std::size_t i = 0; api.get_field(from, i, &field) == PREFORK_OK; ++i) {
      response.add_header(detail::view(field.name), detail::view(field.value));
    }
    response.body_ = detail::view(api.get_body(from));
    response.keeps_content_ = true;
    response.is_of_server_ = true;
    return response;
  }
  // For the layer below.
  void write_back(const prefork_api& api, prefork_response* to) const {
    api.clear_fields(to);
    if (keeps_content_) {
      send_head(api, to);
      return;
    }
    api.clear_body(to);
    send_all(api, to);
  }

 private:
  void forget_content() {
    keeps_content_ = false;
    error_.reset();
  }
  void send_all(const prefork_api& api, prefork_response* to) const {
    send_head(api, to);
    if (later_) {
      detail::LaterBody::leave(api, to, later_);
    } else if (stream_) {
      send_stream(api, to);
    } else if (!file_.empty()) {
      if (send_file(api, to) != PREFORK_OK) {
        throw std::runtime_error("cannot open '" + file_ + "'");
      }
    } else if (!body_.empty()) {
      api.append_body(to, detail::text(body_));
    }
    if (validates_ && !stream_) {
      validate(api, to);
    }
  }
  void send_stream(const prefork_api& api, prefork_response* to) const {
    if (validates_) {
      validate(api, to);
      if (api.get_status(to) != status_) {
        return;
      }
    }
    prefork_stream* const stream = api.start_stream(to, stream_size_.value_or(UINT64_MAX));
    if (stream == nullptr) {
      throw std::logic_error("a stream in a handler that must not block");
    }
    Writer writer(api, stream);
    stream_(writer);
  }
  void validate(const prefork_api& api, prefork_response* to) const {
    if (!PREFORK_HAS(&api, validate)) {
      throw std::runtime_error("etag() and last_modified() need a newer server than this one");
    }
    if (hashes_body_ && stream_) {
      throw std::logic_error("etag() of a stream: name the tag, for there is no body to hash");
    }
    api.validate(to, hashes_body_ ? 1 : 0);
  }
  // A server that is older than this header has the content alone to offer.
  prefork_status send_file(const prefork_api& api, prefork_response* to) const {
    return PREFORK_HAS(&api, send_file) ? api.send_file(to, file_.c_str())
                                        : api.set_file(to, file_.c_str());
  }

  int status_ = 200;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string body_;
  std::string file_;
  Body stream_;
  std::shared_ptr<detail::LaterBody> later_;
  std::optional<std::uint64_t> stream_size_;
  bool close_ = false;
  bool keeps_content_ = false;  // see of_server()
  bool is_of_server_ = false;
  bool validates_ = false;
  bool hashes_body_ = false;
  std::shared_ptr<const Error> error_;  // of which this is the response
};

inline void Response::make_error_page(const prefork_api& api, prefork_response* to,
                                      const std::optional<std::string>& failure) {
  if (error_ == nullptr || !PREFORK_HAS(&api, set_error)) {
    return;
  }
  if (failure) {
    api.report_failure(to, detail::text(*failure));
  }
  std::vector<prefork_field> members;
  for (const auto& [name, value] : error_->members()) {
    members.push_back({detail::text(name), detail::text(value)});
  }
  prefork_problem problem{};
  problem.size = sizeof problem;
  problem.status = status_;
  problem.detail = detail::text(error_->what());
  problem.type = detail::text(error_->type());
  problem.title = detail::text(error_->title());
  problem.members = members.data();
  problem.member_count = members.size();
  if (api.set_error(to, &problem) != PREFORK_OK) {
    throw std::logic_error("an Error with the status " + std::to_string(status_) +
                           "; they have 400 to 599");
  }
  Response page = of_server(api, to);
  page.close_ = close_;
  // What was set besides counts; of Vary both.
  remove_header("Content-Type");
  for (const auto& [name, value] : fields_) {
    if (!detail::same_ignoring_case(name, "vary")) {
      page.remove_header(name);
    }
  }
  for (const auto& [name, value] : fields_) {
    page.add_header(name, value);
  }
  *this = std::move(page);
}

// text/plain in UTF-8. A view, as parameter() returns, is copied; so with the next two.
inline Response text(std::string body, int status = 200) {
  return {status, "text/plain; charset=utf-8", std::move(body)};
}
template <std::same_as<std::string_view> View>
Response text(View body, int status = 200) {
  return text(std::string(body), status);
}
// text/html in UTF-8; nothing in it is escaped.
inline Response html(std::string body, int status = 200) {
  return {status, "text/html; charset=utf-8", std::move(body)};
}
template <std::same_as<std::string_view> View>
Response html(View body, int status = 200) {
  return html(std::string(body), status);
}
// `body` is JSON already, by whatever library made it; see json_text for single texts, and
// <prefork/json.hpp> for values.
inline Response json(std::string body, int status = 200) {
  return {status, "application/json", std::move(body)};
}
template <std::same_as<std::string_view> View>
Response json(View body, int status = 200) {
  return json(std::string(body), status);
}
// A copy of the content.
inline Response bytes(std::span<const std::byte> content,
                      std::string_view type = "application/octet-stream") {
  return {200, type, std::string(reinterpret_cast<const char*>(content.data()), content.size())};
}
// A file, see Response::file. A relative path is looked for where the server was started. `type`:
// for Content-Type; empty: that of the file's name.
inline Response file(std::string path, std::string_view type = {}) {
  Response response;
  if (!type.empty()) {
    response.header("Content-Type", type);
  }
  response.file(std::move(path));
  return response;
}
// RFC 9110 section 15.4: 307 keeps the method; 303 makes it GET; 301 and 308 are remembered by
// clients. `location` is a URI reference, encoded already.
inline Response redirect(std::string_view location, int status = 307) {
  Response response(status);
  response.header("Location", location);
  return response;
}
// A response of unknown length, see Response::stream.
inline Response stream(Response::Body body, std::string_view type = "text/plain; charset=utf-8") {
  Response response;
  response.header("Content-Type", type).stream(std::move(body));
  return response;
}
// Server-sent events: the head alone is for Responder::start.
inline Response events() {
  Response response;
  response.header("Content-Type", "text/event-stream").header("Cache-Control", "no-store");
  return response;
}
inline Response events(Response::Body body) { return events().stream(std::move(body)); }

}  // namespace v1
}  // namespace prefork
