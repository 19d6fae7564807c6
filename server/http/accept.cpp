#include "server/http/accept.h"

#include <cstddef>

#include "config/base/text.h"

namespace prefork::http {

namespace {

// 0: not about the type; 1: any type; 2: its main type; 3: itself.
int specificity(std::string_view range, std::string_view type) {
  if (config::equals_ignoring_case(range, type)) {
    return 3;
  }
  if (range == "*/*") {
    return 1;
  }
  const std::size_t slash = type.find('/') + 1;
  const bool is_main_type =
      range.size() == slash + 1 && range.back() == '*' &&
      config::equals_ignoring_case(range.substr(0, slash), type.substr(0, slash));
  return is_main_type ? 2 : 0;
}

// Whether the parameters have a weight of zero: "q=0", "q=0.000".
bool is_refusal(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = config::trim(config::take_until(parameters, ';'));
    const std::string_view name = config::take_until(value, '=');
    if (name == "q" || name == "Q") {
      return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
    }
  }
  return false;
}

}  // namespace

bool accepts_type(FieldView fields, std::string_view type) noexcept {
  bool has_field = false;
  int best = 0;
  bool welcome = false;
  for (const Field& field : fields) {
    if (!config::equals_ignoring_case(field.name, "accept")) {
      continue;
    }
    has_field = true;
    for (std::string_view rest = field.value; !rest.empty();) {
      std::string_view member = config::take_until(rest, ',');
      const int rank = specificity(config::trim(config::take_until(member, ';')), type);
      if (rank > best) {
        best = rank;
        welcome = !is_refusal(member);
      }
    }
  }
  return !has_field || welcome;
}

}  // namespace prefork::http
