// An answer, made by a handler and returned. Plain value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

// Where a handler on the pool writes a long answer to, piece by piece.
class Writer {
 public:
  Writer(const prefork_api& api, prefork_stream* stream) : api_(&api), stream_(stream) {}

  // Waits until the client has taken most of what was written before. False when it is gone: then
  // it is time to stop.
  bool write(std::string_view bytes) {
    return api_->write(stream_, detail::text(bytes)) == PREFORK_OK;
  }
  // Server-sent events: one event; each line of `data` becomes a line of it.
  bool event(std::string_view data, std::string_view type = {}) {
    return write(format_event(data, type));
  }

  static std::string format_event(std::string_view data, std::string_view type = {}) {
    std::string text;
    if (!type.empty()) {
      text.append("event: ").append(type).append("\n");
    }
    do {
      const std::string_view line = data.substr(0, data.find('\n'));
      text.append("data: ").append(line).append("\n");
      data.remove_prefix(line.size() < data.size() ? line.size() + 1 : data.size());
    } while (!data.empty());
    return text.append("\n");
  }

 private:
  const prefork_api* api_;
  prefork_stream* stream_;
};

class Response {
 public:
  using Body = std::function<void(Writer&)>;

  explicit Response(int status = 200) : status_(status) {}
  Response(int status, std::string_view content_type, std::string body)
      : status_(status), body_(std::move(body)) {
    header("Content-Type", content_type);
  }

  Response& status(int status) {
    status_ = status;
    return *this;
  }
  int status() const { return status_; }

  // Adds a field. Content-Length, Transfer-Encoding, Connection, Date and Server are the server's.
  Response& header(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);
    return *this;
  }
  Response& body(std::string body) {
    body_ = std::move(body);
    return *this;
  }
  const std::string& body() const { return body_; }
  // The content of a regular file, sent without being read into memory.
  Response& file(std::string path) {
    file_ = std::move(path);
    return *this;
  }
  // The content is written by a function, after the head is sent. In handlers on the pool.
  Response& stream(Body body, std::optional<std::uint64_t> size = {}) {
    stream_ = std::move(body);
    stream_size_ = size;
    return *this;
  }
  Response& close_connection() {
    close_ = true;
    return *this;
  }

  // For the layer below.
  void send(const prefork_api& api, prefork_response* to) const {
    send_head(api, to);
    if (stream_) {
      prefork_stream* const stream = api.start_stream(to, stream_size_.value_or(UINT64_MAX));
      if (stream == nullptr) {
        throw std::logic_error("a stream in a handler that must not block");
      }
      Writer writer(api, stream);
      stream_(writer);
    } else if (!file_.empty()) {
      if (api.set_file(to, file_.c_str()) != PREFORK_OK) {
        throw std::runtime_error("cannot open '" + file_ + "'");
      }
    } else if (!body_.empty()) {
      api.append_body(to, detail::text(body_));
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

 private:
  int status_ = 200;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string body_;
  std::string file_;
  Body stream_;
  std::optional<std::uint64_t> stream_size_;
  bool close_ = false;
};

inline Response text(std::string body, int status = 200) {
  return {status, "text/plain; charset=utf-8", std::move(body)};
}
inline Response html(std::string body, int status = 200) {
  return {status, "text/html; charset=utf-8", std::move(body)};
}
// `body` is JSON already, by whatever library made it.
inline Response json(std::string body, int status = 200) {
  return {status, "application/json", std::move(body)};
}
inline Response bytes(std::span<const std::byte> content,
                      std::string_view type = "application/octet-stream") {
  return {200, type, std::string(reinterpret_cast<const char*>(content.data()), content.size())};
}
inline Response file(std::string path, std::string_view type = "application/octet-stream") {
  Response response;
  response.header("Content-Type", type).file(std::move(path));
  return response;
}
// 307 keeps the method; 303 makes it GET; 301 and 308 are remembered by clients.
inline Response redirect(std::string_view location, int status = 307) {
  Response response(status);
  response.header("Location", location);
  return response;
}
inline Response stream(Response::Body body, std::string_view type = "text/plain; charset=utf-8") {
  Response response;
  response.header("Content-Type", type).stream(std::move(body));
  return response;
}
// Server-sent events.
inline Response events(Response::Body body) {
  Response response = stream(std::move(body), "text/event-stream");
  response.header("Cache-Control", "no-store");
  return response;
}

}  // namespace v1
}  // namespace prefork
