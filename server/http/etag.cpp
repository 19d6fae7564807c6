#include "server/http/etag.h"

#include <algorithm>

#include "config/base/text.h"
#include "server/http/field.h"

namespace prefork::http {
namespace {

constexpr bool is_opaque_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x22 && byte != 0x7F;
}

// Takes an entity tag off the front of `rest`; if there is none, part of what is no tag.
std::optional<EntityTag> take_entity_tag(std::string_view& rest) noexcept {
  EntityTag tag;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) {
    return std::nullopt;
  }
  const auto* const end = std::find_if_not(rest.begin() + 1, rest.end(), is_opaque_char);
  const auto size = static_cast<std::size_t>(end - rest.begin()) - 1;
  tag.opaque = rest.substr(1, size);
  rest.remove_prefix(1 + size);
  if (!rest.starts_with('"')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  return tag;
}

bool line_matches(std::string_view list, const EntityTag& current,
                  TagComparison comparison) noexcept {
  std::string_view rest = config::trim(list);
  while (!rest.empty()) {
    // A comma may stand inside a tag, so members are found by reading them.
    const std::optional<EntityTag> tag = take_entity_tag(rest);
    const bool is_whole_member = config::trim(config::take_until(rest, ',')).empty();
    if (tag && is_whole_member && tags_match(*tag, current, comparison)) {
      return true;
    }
    while (rest.starts_with(' ') || rest.starts_with('\t')) {
      rest.remove_prefix(1);
    }
  }
  return false;
}

}  // namespace

std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept {
  const std::optional<EntityTag> tag = take_entity_tag(text);
  return text.empty() ? tag : std::nullopt;
}

bool tags_match(const EntityTag& a, const EntityTag& b, TagComparison comparison) noexcept {
  return a.opaque == b.opaque && (comparison == TagComparison::weak || (!a.weak && !b.weak));
}

bool tag_list_matches(FieldView fields, std::string_view lower_name,
                      const std::optional<EntityTag>& current, bool exists,
                      TagComparison comparison) noexcept {
  if (!exists) {
    return false;
  }
  if (fields.lines(lower_name).only() == "*") {
    return true;
  }
  return current && std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
           return config::equals_ignoring_case(field.name, lower_name) &&
                  line_matches(field.value, *current, comparison);
         });
}

EntityTagText make_entity_tag(std::uint64_t size, std::int64_t mtime_ns, std::uint64_t version,
                              ContentCoding coding) noexcept {
  EntityTagText text;
  text.append("\"").append_number(static_cast<std::uint64_t>(mtime_ns), 16);
  text.append("-").append_number(version, 16);
  text.append("-").append_number(size, 16);
  if (coding != ContentCoding::identity) {
    text.append("-").append(coding_name(coding));
  }
  text.append("\"");
  return text;
}

}  // namespace prefork::http
