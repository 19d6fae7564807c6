#include "server/routing/route_pattern.h"

#include <algorithm>

#include "config/base/config_error.h"
#include "config/base/text.h"
#include "server/exchange/application.h"

namespace prefork::routing {

namespace {

constexpr std::string_view kWildcardMark = "...";

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return c == '_' || (config::to_lower(c) >= 'a' && config::to_lower(c) <= 'z');
  };
  return !name.empty() && !config::is_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || config::is_digit(c); });
}

bool is_percent_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && config::hex_value(text[at + 1]) &&
         config::hex_value(text[at + 2]);
}

// Text that no path ever has would be a route that is never found.
config::Result<void> check_text(std::string_view text) {
  if (text == "." || text == "..") {
    return config::Problem{"paths have no dot segments when they are compared with routes"};
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      return config::Problem{"a control character, which no path has"};
    }
    if (text[i] == '{' || text[i] == '}') {
      return config::Problem{
          config::in_quotes(text) +
          " is neither text nor a parameter: that is a part of its own between slashes, "
          "'{name}' or '{name...}'"};
    }
    if (text[i] == '?') {
      return config::Problem{"the query is no part of a route"};
    }
    if (is_percent_escape(text, i)) {
      return config::Problem{
          config::in_quotes(text.substr(i, 3)) +
          " is never found, because paths are decoded: write the character itself"};
    }
  }
  return {};
}

config::Result<void> parse_part(std::string_view text, bool is_last, RoutePart& part) {
  const bool in_braces = text.size() >= 2 && text.front() == '{' && text.back() == '}';
  std::string_view name = in_braces ? text.substr(1, text.size() - 2) : std::string_view{};
  if (!in_braces || name.find_first_of("{}") != std::string_view::npos) {
    part = {RoutePart::Kind::text, text};
    return check_text(text);
  }
  part.kind = RoutePart::Kind::parameter;
  if (name.ends_with(kWildcardMark)) {
    name.remove_suffix(kWildcardMark.size());
    part.kind = RoutePart::Kind::wildcard;
  }
  part.text = name;
  if (!is_identifier(name)) {
    return config::Problem{
        config::in_quotes(name) +
        " is no name for a parameter: letters, digits and '_', not beginning with a digit"};
  }
  if (part.kind == RoutePart::Kind::wildcard && !is_last) {
    return config::Problem{"the wildcard " + config::in_quotes(text) +
                           " can only be the last part"};
  }
  return {};
}

}  // namespace

config::Result<std::vector<RoutePart>> parse_route_pattern(std::string_view pattern) {
  std::vector<RoutePart> parts;
  if (!pattern.starts_with('/')) {
    return config::Problem{"it does not begin with a slash"};
  }
  std::size_t parameters = 0;
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    const std::size_t next = pattern.find('/', slash + 1);
    const std::string_view text = pattern.substr(slash + 1, next - slash - 1);
    RoutePart part;
    const auto parsed = parse_part(text, next == std::string_view::npos, part);
    if (!parsed.ok()) {
      return parsed.problem();
    }
    if (part.kind != RoutePart::Kind::text) {
      const bool is_repeated = std::any_of(parts.begin(), parts.end(), [&](const RoutePart& known) {
        return known.kind != RoutePart::Kind::text && known.text == part.text;
      });
      if (is_repeated) {
        return config::Problem{"two parameters with the name " + config::in_quotes(part.text)};
      }
      ++parameters;
    }
    parts.push_back(part);
    slash = next;
  }
  if (parameters > exchange::kMaxRouteParameters) {
    return config::Problem{"more than " + std::to_string(exchange::kMaxRouteParameters) +
                           " parameters"};
  }
  if (parts.size() > kMaxRouteParts) {
    return config::Problem{"more than " + std::to_string(kMaxRouteParts) + " parts"};
  }
  return parts;
}

}  // namespace prefork::routing
