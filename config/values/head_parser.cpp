#include "config/values/head_parser.h"

#include <array>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

struct HeadParserName {
  HeadParser parser;
  std::string_view name;
};

constexpr std::array kHeadParsers = {
    HeadParserName{HeadParser::automatic, "auto"},
    HeadParserName{HeadParser::llhttp, "llhttp"},
};

}  // namespace

Result<HeadParser> parse_head_parser(std::string_view text) {
  for (const HeadParserName& entry : kHeadParsers) {
    if (entry.name == text) return entry.parser;
  }
  return Problem{in_quotes(text) + " is no parser of heads; use auto or llhttp"};
}

std::string_view to_string(HeadParser parser) {
  for (const HeadParserName& entry : kHeadParsers) {
    if (entry.parser == parser) return entry.name;
  }
  return "";
}

}  // namespace prefork::config
