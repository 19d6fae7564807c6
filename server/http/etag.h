// Entity tags (RFC 9110 section 8.8.3): reading, comparing, matching against the lists of If-Match
// and If-None-Match, making. Pure functions; any bytes may come in, time is linear in their number.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "server/http/accept_encoding.h"
#include "server/http/fixed_text.h"
#include "server/http/request.h"

namespace prefork::http {

struct EntityTag {
  std::string_view opaque;  // without the quotes
  bool weak = false;
};

enum class TagComparison : std::uint8_t {
  strong,  // same text, neither is weak
  weak,    // same text
};

// The whole text is one entity tag: "x" or W/"x".
std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept;

bool tags_match(const EntityTag& a, const EntityTag& b, TagComparison comparison) noexcept;

// Whether the lines of that name (in lower case), taken together as one list, name the current tag.
// "*" matches where a representation exists, with or without a tag, but only as the whole value of
// the only line. A malformed member matches nothing and ends at the next comma; empty ones are
// allowed.
bool tag_list_matches(FieldView fields, std::string_view lower_name,
                      const std::optional<EntityTag>& current, bool exists,
                      TagComparison comparison) noexcept;

// Quotes, 16 digits of time, of version and of size, the longest name of a coding.
using EntityTagText = FixedText<2 + 16 + 1 + 16 + 1 + 16 + 1 + 4>;

// A strong tag for a file's content in that coding: "<time>-<version>-<size>[-<coding>]" in
// hexadecimal. `version` differs where contents of one size and time do (RFC 9110 section 8.8.3):
// times are what whoever wrote the file set them to.
EntityTagText make_entity_tag(std::uint64_t size, std::int64_t mtime_ns, std::uint64_t version,
                              ContentCoding coding = ContentCoding::identity) noexcept;

}  // namespace prefork::http
