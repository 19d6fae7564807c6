#include "server/http/error_form.h"

#include "config/base/text.h"
#include "server/http/weight.h"

namespace prefork::http {

namespace {

// The weight among the parameters of a media range: one without is wanted, one that is malformed is
// not.
unsigned weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = config::trim(config::take_until(parameters, ';'));
    if (config::equals_ignoring_case(parameter.substr(0, 2), "q=")) {
      return parse_weight(parameter.substr(2)).value_or(0);
    }
  }
  return 1000;
}

std::optional<ErrorForm> form_of_range(std::string_view range) noexcept {
  if (config::equals_ignoring_case(range, "text/*")) {
    return ErrorForm::text;
  }
  if (config::equals_ignoring_case(range, "application/*")) {
    return ErrorForm::json;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ErrorForm> form_of_type(std::string_view type) noexcept {
  constexpr std::string_view kSuffix = "+json";
  const std::string_view bare = config::trim(config::take_until(type, ';'));
  if (config::equals_ignoring_case(bare, "text/html")) {
    return ErrorForm::html;
  }
  if (config::equals_ignoring_case(bare, "text/plain")) {
    return ErrorForm::text;
  }
  const bool is_json =
      config::equals_ignoring_case(bare, "application/json") ||
      (bare.size() > kSuffix.size() &&
       config::equals_ignoring_case(bare.substr(bare.size() - kSuffix.size()), kSuffix));
  return is_json ? std::optional(ErrorForm::json) : std::nullopt;
}

std::optional<ErrorForm> named_form(FieldView fields) noexcept {
  std::optional<ErrorForm> best;
  unsigned best_rank = 0;
  for (const Field& field : fields) {
    if (!config::equals_ignoring_case(field.name, "accept")) {
      continue;
    }
    ListMembers members(field.value);
    while (const auto member = members.next()) {
      std::string_view parameters = *member;
      const std::string_view range = config::trim(config::take_until(parameters, ';'));
      const auto type = form_of_type(range);
      const auto form = type ? type : form_of_range(range);
      const unsigned weight = weight_of(parameters);
      // A type above a range of the same weight.
      const unsigned rank = weight == 0 ? 0 : weight * 2 + (type ? 1 : 0);
      if (form && rank > best_rank) {
        best = form;
        best_rank = rank;
      }
    }
  }
  return best;
}

}  // namespace prefork::http
