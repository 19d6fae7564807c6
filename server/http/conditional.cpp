#include "server/http/conditional.h"

#include "server/http/etag.h"
#include "server/http/field.h"
#include "server/http/http_date.h"

namespace prefork::http {
namespace {

struct ConditionFields {
  FieldLines match;
  FieldLines none_match;
  FieldLines modified_since;
  FieldLines unmodified_since;
};

ConditionFields find_conditions(FieldView fields) noexcept {
  ConditionFields found;
  for (const Field& field : fields) {
    // One look for all of them: most requests have none.
    if (!config::equals_ignoring_case(field.name.substr(0, 3), "if-")) {
      continue;
    }
    if (config::equals_ignoring_case(field.name, "if-match")) {
      found.match.add(field.value);
    } else if (config::equals_ignoring_case(field.name, "if-none-match")) {
      found.none_match.add(field.value);
    } else if (config::equals_ignoring_case(field.name, "if-modified-since")) {
      found.modified_since.add(field.value);
    } else if (config::equals_ignoring_case(field.name, "if-unmodified-since")) {
      found.unmodified_since.add(field.value);
    }
  }
  return found;
}

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
  const ConditionFields found = find_conditions(fields);
  const auto matches = [&](std::string_view name, TagComparison comparison) {
    return tag_list_matches(fields, name, parse_entity_tag(current.etag), current.exists,
                            comparison);
  };

  if (found.match.count != 0) {
    if (!matches("if-match", TagComparison::strong)) {
      return Precondition::failed;
    }
  } else if (const auto date = only_date(found.unmodified_since, now);
             date && current.last_modified && *current.last_modified > *date) {
    return Precondition::failed;
  }

  const bool is_read = method == Method::get || method == Method::head;
  if (found.none_match.count != 0) {
    if (matches("if-none-match", TagComparison::weak)) {
      return is_read ? Precondition::not_modified : Precondition::failed;
    }
  } else if (const auto date = is_read ? only_date(found.modified_since, now) : std::nullopt;
             date && current.last_modified && *current.last_modified <= *date) {
    return Precondition::not_modified;
  }
  return Precondition::proceed;
}

bool if_range_holds(FieldView fields, const Validators& current, std::int64_t now) noexcept {
  const FieldLines lines = fields.lines("if-range");
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
