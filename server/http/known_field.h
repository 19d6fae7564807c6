// The names of fields that the server itself looks for, told apart once for each field of a request
// instead of once for each that is looked for. Pure functions and a plain value; never throw.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prefork::http {

enum class KnownField : std::uint8_t {
  accept,
  accept_encoding,
  authorization,
  connection,
  content_length,
  content_type,
  expect,
  forwarded,
  host,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  range,
  referer,
  traceparent,
  tracestate,
  transfer_encoding,
  upgrade,
  user_agent,
  x_forwarded_for,
  x_forwarded_proto,
  x_request_id,
  other,
};

inline constexpr std::size_t kKnownFieldCount = static_cast<std::size_t>(KnownField::other);

// Which one a token names, in whatever case.
[[nodiscard]] KnownField known_field(std::string_view name) noexcept;
// In lower case; of `other` nothing.
[[nodiscard]] std::string_view name_of(KnownField name) noexcept;

// Which fields of known names a request has, and where among its fields they are.
class KnownFields {
 public:
  // None of any.
  constexpr KnownFields() noexcept = default;
  // Nobody has looked: each may be there, anywhere.
  static constexpr KnownFields unknown() noexcept {
    KnownFields fields;
    fields.present_ = fields.scattered_ = ~std::uint32_t{0};
    return fields;
  }

  // The field at `place` has that name. Called for each of them, in their order.
  constexpr void add(KnownField name, std::size_t place) noexcept {
    if (name == KnownField::other) {
      return;
    }
    const std::uint32_t bit = bit_of(name);
    if ((present_ & bit) != 0 || place > kMaxPlace) {
      scattered_ |= bit;
    }
    present_ |= bit;
    places_[static_cast<std::size_t>(name)] = static_cast<std::uint8_t>(place);
  }

  // False: there is none.
  [[nodiscard]] constexpr bool may_have(KnownField name) const noexcept {
    return (present_ & bit_of(name)) != 0;
  }
  // There is one, at place(), and no other.
  [[nodiscard]] constexpr bool has_one(KnownField name) const noexcept {
    return (present_ & ~scattered_ & bit_of(name)) != 0;
  }
  [[nodiscard]] constexpr std::size_t place(KnownField name) const noexcept {
    return places_[static_cast<std::size_t>(name)];
  }

 private:
  static constexpr std::size_t kMaxPlace = 255;

  static constexpr std::uint32_t bit_of(KnownField name) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(name);
  }

  std::uint32_t present_ = 0;
  std::uint32_t scattered_ = 0;  // there is more than one, or it is not known where
  std::array<std::uint8_t, kKnownFieldCount> places_{};
};

static_assert(kKnownFieldCount <= 32);

}  // namespace prefork::http
