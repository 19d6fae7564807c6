// What is known of a request that is over, as the process that sends it to a collector gets it: in
// a fixed size, so that a ring of them has no lengths that anybody follows. Texts lie one behind
// the other and are cut to the room there is; whoever reads them believes none of their sizes.
// Plain data, written and read by one thread each.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "ipc/base/peer_address.h"

namespace prefork::ipc {

// In the order in which they are appended.
enum class SpanText : std::uint8_t { method, route, host, path, cut, count_ };

struct SpanRecord {
  static constexpr std::size_t kTraceBytes = 32;
  static constexpr std::size_t kSpanBytes = 16;
  static constexpr std::size_t kTexts = static_cast<std::size_t>(SpanText::count_);
  static constexpr std::size_t kRoomBytes = 376;

  std::uint64_t begin_unix_ns = 0;
  std::uint64_t end_unix_ns = 0;
  std::uint32_t queue_us = 0;
  std::uint32_t handler_us = 0;
  std::uint32_t worker = 0;
  std::uint16_t status = 0;  // 0: nothing was answered
  std::uint8_t version_minor = 1;
  bool is_https = false;
  bool is_sampled = false;
  std::uint8_t attribute_count = 0;     // that are in it
  std::uint8_t attributes_dropped = 0;  // that found no room
  std::uint8_t reserved = 0;
  std::array<char, kTraceBytes> trace_id{};  // lower-case hexadecimal
  std::array<char, kSpanBytes> span_id{};
  std::array<char, kSpanBytes> parent_id{};  // zero bytes: none
  PeerAddress client;
  std::array<std::uint16_t, kTexts> sizes{};
  std::uint16_t room_used = 0;
  std::array<char, kRoomBytes> room{};

  // In their order; no more than `most` bytes of it.
  void set_text(SpanText which, std::string_view text, std::size_t most) {
    const std::size_t size = std::min({text.size(), most, room.size() - room_used});
    append(text.substr(0, size));
    sizes[static_cast<std::size_t>(which)] = static_cast<std::uint16_t>(size);
  }
  [[nodiscard]] std::string_view text(SpanText which) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(which); ++i) {
      begin += sizes[i];
    }
    return piece(begin, sizes[static_cast<std::size_t>(which)]);
  }

  // Behind all texts. What does not fit whole is counted and left out.
  void add_attribute(std::string_view name, std::string_view value) {
    constexpr std::size_t kLongest = 255;
    if (name.size() > kLongest || value.size() > kLongest ||
        room.size() - room_used < 2 + name.size() + value.size()) {
      ++attributes_dropped;
      return;
    }
    room[room_used++] = static_cast<char>(name.size());
    room[room_used++] = static_cast<char>(value.size());
    append(name);
    append(value);
    ++attribute_count;
  }
  template <typename Visit>
  void for_each_attribute(Visit visit) const {
    std::size_t at = 0;
    for (const std::uint16_t size : sizes) {
      at += size;
    }
    for (std::size_t i = 0; i < attribute_count && at + 2 <= room.size(); ++i) {
      const auto name_size = static_cast<unsigned char>(room[at]);
      const auto value_size = static_cast<unsigned char>(room[at + 1]);
      visit(piece(at + 2, name_size), piece(at + 2 + name_size, value_size));
      at += 2 + std::size_t{name_size} + value_size;
    }
  }

 private:
  void append(std::string_view text) {
    std::copy(text.begin(), text.end(), room.begin() + room_used);
    room_used = static_cast<std::uint16_t>(room_used + text.size());
  }
  [[nodiscard]] std::string_view piece(std::size_t begin, std::size_t size) const {
    begin = std::min(begin, room.size());
    return {room.data() + begin, std::min(size, room.size() - begin)};
  }
};

static_assert(sizeof(SpanRecord) == 512);

}  // namespace prefork::ipc
