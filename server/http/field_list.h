// Fields that are going to be sent, in one piece of memory and in the wire form of HTTP/1:
// "Name: value\r\n" behind "Name: value\r\n". HTTP/1 sends them with one copy, and one list is
// appended to another with one copy; everybody else reads field by field.
//
// There is no index besides: a name ends at the first colon and a value at the line's end, so that
// the text is its own index. Reading a list takes a memchr or two for each field; writing it, which
// every response does, costs nothing more than the bytes.
//
// One thread. A cleared list keeps its memory. What is read is a view until the list changes.
#pragma once

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>

#include "server/http/byte_buffer.h"
#include "server/http/field.h"

namespace prefork::http {

// Why a field may not be sent (RFC 9110 section 5.1 and 5.5): a name that is no token; CR, LF or
// NUL in the value. Null: it may.
const char* field_problem(std::string_view name, std::string_view value);

class FieldList {
 public:
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    // From the beginning of a line to the end of the text.
    Iterator(const char* at, const char* end) : at_(at), end_(end) {}
    Field operator*() const noexcept;
    Iterator& operator++() noexcept;
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const char* at_ = nullptr;
    const char* end_ = nullptr;
  };

  FieldList() = default;
  FieldList(std::initializer_list<Field> fields);
  FieldList(const FieldList& other) { append(other); }
  FieldList& operator=(const FieldList& other);
  FieldList(FieldList&&) noexcept = default;
  FieldList& operator=(FieldList&&) noexcept = default;

  // What is added must have no field_problem(): it would be read as another field than was meant.
  void append(std::string_view name, std::string_view value) {
    write_line(lines_.prepare(line_bytes(name, value)), name, value);
    lines_.commit(line_bytes(name, value));
  }
  void append(const FieldList& other) { lines_.append(other.lines_.view()); }
  void prepend(std::string_view name, std::string_view value);
  // In place of the first field of that name; any others go. Without one it is appended.
  void set(std::string_view name, std::string_view value);

  // The number of fields that went.
  std::size_t remove(std::string_view name);
  void remove_first();
  void clear() { lines_.clear(); }

  // Names in lower case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view lower_name) const noexcept {
    return find_field(*this, lower_name);
  }
  [[nodiscard]] FieldLines lines(std::string_view lower_name) const noexcept {
    return find_field_lines(*this, lower_name);
  }

  [[nodiscard]] Iterator begin() const noexcept {
    const std::string_view all = wire();
    return {all.data(), all.data() + all.size()};
  }
  [[nodiscard]] Iterator end() const noexcept {
    const std::string_view all = wire();
    return {all.data() + all.size(), all.data() + all.size()};
  }
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }

  // "Name: value\r\n" and so on.
  [[nodiscard]] std::string_view wire() const noexcept { return lines_.view(); }
  [[nodiscard]] static std::size_t line_bytes(std::string_view name,
                                              std::string_view value) noexcept {
    return name.size() + value.size() + 4;
  }

 private:
  static void write_line(char* at, std::string_view name, std::string_view value) noexcept;
  // Makes a gap of `size` bytes where `old_size` bytes were.
  char* replace(std::size_t offset, std::size_t old_size, std::size_t size);

  ByteBuffer lines_;
};

inline Field FieldList::Iterator::operator*() const noexcept {
  const auto left = static_cast<std::size_t>(end_ - at_);
  const auto* const colon = static_cast<const char*>(std::memchr(at_, ':', left));
  const auto* const value = colon + 2;
  const auto* const line_end =
      static_cast<const char*>(std::memchr(value, '\r', static_cast<std::size_t>(end_ - value)));
  return {{at_, static_cast<std::size_t>(colon - at_)},
          {value, static_cast<std::size_t>(line_end - value)}};
}

inline FieldList::Iterator& FieldList::Iterator::operator++() noexcept {
  const auto left = static_cast<std::size_t>(end_ - at_);
  at_ = static_cast<const char*>(std::memchr(at_, '\n', left)) + 1;
  return *this;
}

inline void FieldList::write_line(char* at, std::string_view name,
                                  std::string_view value) noexcept {
  std::memcpy(at, name.data(), name.size());
  at += name.size();
  std::memcpy(at, ": ", 2);
  at += 2;
  if (!value.empty()) {
    std::memcpy(at, value.data(), value.size());
    at += value.size();
  }
  std::memcpy(at, "\r\n", 2);
}

static_assert(std::forward_iterator<FieldList::Iterator>);

}  // namespace prefork::http
