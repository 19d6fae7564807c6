// A field of a header section (RFC 9110 section 5) and how fields are looked up. Views and pure
// functions: whoever holds the bytes says how long they live.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "config/base/text.h"
#include "server/http/known_field.h"

namespace prefork::http {

struct Field {
  std::string_view name;   // as sent; names compare without case
  std::string_view value;  // without white space at its ends
};

// The members of a list (RFC 9110 section 5.6.1) whose members have no commas in them. Empty ones
// count for nothing.
class ListMembers {
 public:
  explicit ListMembers(std::string_view list) noexcept : rest_(list) {}

  std::optional<std::string_view> next() noexcept {
    while (!rest_.empty()) {
      if (const auto member = config::trim(config::take_until(rest_, ',')); !member.empty()) {
        return member;
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

// All lines of one name, as far as single-valued fields need them.
struct FieldLines {
  std::size_t count = 0;
  std::string_view first;

  void add(std::string_view value) noexcept {
    if (count++ == 0) {
      first = value;
    }
  }

  // The value, if there is one and no other: several lines of a single-valued field mean nothing
  // that could be relied on.
  [[nodiscard]] std::optional<std::string_view> only() const noexcept {
    return count == 1 ? std::optional(first) : std::nullopt;
  }
};

// The first field of that name, given in lower case, of anything that is a range of fields.
template <typename Fields>
std::optional<std::string_view> find_field(const Fields& fields,
                                           std::string_view lower_name) noexcept {
  for (const Field& field : fields) {
    if (config::equals_ignoring_case(field.name, lower_name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

// All of them.
template <typename Fields>
FieldLines find_field_lines(const Fields& fields, std::string_view lower_name) noexcept {
  FieldLines lines;
  for (const Field& field : fields) {
    if (config::equals_ignoring_case(field.name, lower_name)) {
      lines.add(field.value);
    }
  }
  return lines;
}

// Fields that somebody else keeps, in the order they came; read like a FieldList. Who made the view
// may have said where those of known names are: then they are found without looking at the others.
class FieldView : public std::span<const Field> {
 public:
  using std::span<const Field>::span;
  // NOLINTNEXTLINE(google-explicit-constructor): one is as good as the other.
  constexpr FieldView(std::span<const Field> fields) noexcept : span(fields) {}
  // `known`: of all of these fields.
  constexpr FieldView(std::span<const Field> fields, const KnownFields& known) noexcept
      : span(fields), known_(known) {}

  [[nodiscard]] const KnownFields& known() const noexcept { return known_; }
  // Those among which all fields of that name are, as few as is known: none, one, or all there are.
  [[nodiscard]] std::span<const Field> among(KnownField name) const noexcept {
    if (!known_.may_have(name)) {
      return {};
    }
    return known_.has_one(name) ? subspan(known_.place(name), 1) : first(size());
  }
  [[nodiscard]] std::optional<std::string_view> find(KnownField name) const noexcept {
    if (!known_.may_have(name)) {
      return std::nullopt;
    }
    return known_.has_one(name) ? (*this)[known_.place(name)].value
                                : find_field(*this, name_of(name));
  }
  [[nodiscard]] bool has(KnownField name) const noexcept { return find(name).has_value(); }
  [[nodiscard]] FieldLines lines(KnownField name) const noexcept {
    if (!known_.may_have(name)) {
      return {};
    }
    return known_.has_one(name) ? FieldLines{1, (*this)[known_.place(name)].value}
                                : find_field_lines(*this, name_of(name));
  }

  [[nodiscard]] std::optional<std::string_view> find(std::string_view lower_name) const noexcept {
    const KnownField name = known_field(lower_name);
    return name == KnownField::other ? find_field(*this, lower_name) : find(name);
  }
  [[nodiscard]] FieldLines lines(std::string_view lower_name) const noexcept {
    const KnownField name = known_field(lower_name);
    return name == KnownField::other ? find_field_lines(*this, lower_name) : lines(name);
  }

 private:
  KnownFields known_ = KnownFields::unknown();
};

}  // namespace prefork::http
