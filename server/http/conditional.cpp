#include "server/http/conditional.h"

#include "server/http/etag.h"
#include "server/http/field.h"
#include "server/http/http_date.h"

namespace prefork::http {
namespace {

std::optional<std::int64_t> only_date(const FieldLines& lines, std::int64_t now) noexcept {
  const auto text = lines.only();
  return text ? parse_http_date(*text, now) : std::nullopt;
}

bool selects_a_representation(Method method) noexcept {
  return method != Method::connect && method != Method::options && method != Method::trace;
}

}  // namespace

Precondition evaluate_conditions(Method method, FieldView fields, const Validators& current,
                                 std::int64_t now) noexcept {
  if (!selects_a_representation(method)) {
    return Precondition::proceed;
  }
  const auto matches = [&](KnownField name, TagComparison comparison) {
    return tag_list_matches(fields, name_of(name), parse_entity_tag(current.etag), current.exists,
                            comparison);
  };

  if (fields.lines(KnownField::if_match).count != 0) {
    if (!matches(KnownField::if_match, TagComparison::strong)) {
      return Precondition::failed;
    }
  } else if (const auto date = only_date(fields.lines(KnownField::if_unmodified_since), now);
             date && current.last_modified && *current.last_modified > *date) {
    return Precondition::failed;
  }

  const bool is_read = method == Method::get || method == Method::head;
  if (fields.lines(KnownField::if_none_match).count != 0) {
    if (matches(KnownField::if_none_match, TagComparison::weak)) {
      return is_read ? Precondition::not_modified : Precondition::failed;
    }
  } else if (const auto date = is_read ? only_date(fields.lines(KnownField::if_modified_since), now)
                                       : std::nullopt;
             date && current.last_modified && *current.last_modified <= *date) {
    return Precondition::not_modified;
  }
  return Precondition::proceed;
}

bool if_range_holds(FieldView fields, const Validators& current, std::int64_t now) noexcept {
  const FieldLines lines = fields.lines(KnownField::if_range);
  if (lines.count == 0) {
    return true;
  }
  const std::string_view value = lines.only().value_or("");
  if (const auto wanted = parse_entity_tag(value)) {
    const auto etag = parse_entity_tag(current.etag);
    return etag && tags_match(*wanted, *etag, TagComparison::strong);
  }
  const auto date = parse_http_date(value, now);
  return date && current.last_modified == date && *date < now;
}

}  // namespace prefork::http
