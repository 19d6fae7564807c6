#include "workers/worker/request_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "config/base/text.h"

namespace prefork::worker {

namespace {

// They are about the connection that it came on, or about how its body was sent.
constexpr std::array<std::string_view, 5> kOwnFields = {
    "connection", "content-length", "transfer-encoding", "expect", "keep-alive"};
constexpr std::string_view kLastField = "Connection: close\r\n\r\n";

template <std::size_t kCount>
bool is_one_of(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view one) {
    return config::equals_ignoring_case(name, one);
  });
}

// All of what is appended at once, or nothing of it.
class Room {
 public:
  explicit Room(std::span<char> room) : room_(room) {}

  bool append(std::initializer_list<std::string_view> parts) {
    std::size_t needed = used_;
    for (const std::string_view part : parts) {
      needed += part.size();
    }
    if (needed > room_.size()) {
      return false;
    }
    for (const std::string_view part : parts) {
      if (!part.empty()) {
        std::memcpy(room_.data() + used_, part.data(), part.size());
        used_ += part.size();
      }
    }
    return true;
  }
  void blank_out(std::size_t from, std::size_t count) {
    std::fill_n(room_.begin() + static_cast<std::ptrdiff_t>(from), count, 'x');
  }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::span<char> room_;
  std::size_t used_ = 0;
};

std::string_view number_text(std::size_t number, std::span<char> room) {
  const char* const end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

}  // namespace

std::size_t write_request_head(const http::Request& request, std::size_t body_size,
                               std::span<char> room) {
  std::array<char, 24> digits{};
  const std::string_view size = number_text(body_size, digits);
  constexpr std::string_view kLength = "Content-Length: ";
  // For what has to be there at the end.
  const std::size_t end_bytes = kLength.size() + size.size() + 2 + kLastField.size();
  if (room.size() < end_bytes) {
    return 0;
  }
  Room fields(room.first(room.size() - end_bytes));
  if (!fields.append({request.method_text, " ", request.target,
                      request.version_minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n"})) {
    return 0;
  }
  for (const http::Field& field : request.fields) {
    if (is_one_of(kOwnFields, field.name)) {
      continue;
    }
    const bool is_written = fields.append({field.name, ": ", field.value, "\r\n"});
    if (is_written && is_one_of(kSecretFields, field.name)) {
      fields.blank_out(fields.used() - field.value.size() - 2, field.value.size());
    }
  }
  Room end(room.subspan(fields.used()));
  if (body_size != 0 || request.fields.find("content-length")) {
    end.append({kLength, size, "\r\n"});
  }
  end.append({kLastField});
  return fields.used() + end.used();
}

}  // namespace prefork::worker
