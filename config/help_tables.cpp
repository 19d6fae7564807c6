#include "config/help_tables.h"

#include <vector>

namespace prefork::config {
namespace {

std::string default_of(const OptionSpec& option) {
  if (!option.default_note.empty()) return std::string(option.default_note);
  if (is_switch(option.field)) return "";
  const auto texts = field_texts(option.field, Options{});
  return texts.empty() ? "" : texts.front();
}

}  // namespace

std::string in_brackets(const OptionSpec& option) {
  const std::string value = default_of(option);
  const std::string range = range_text(option.field);
  if (value.empty() && range.empty()) return "";
  return "[" + value + (value.empty() || range.empty() ? "" : "; ") + range + "]";
}

}  // namespace prefork::config
