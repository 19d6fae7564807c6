#include "workers/symbols/symbol_request.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace prefork::symbols {

namespace {

constexpr std::string_view kNoBuildId = "-";

// Of names that are shown to people.
std::string cleaned(std::string_view text, std::size_t limit) {
  std::string clean(text.substr(0, limit));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return clean;
}

std::string hex_of(std::uint64_t number) {
  std::array<char, 2 * sizeof number> digits;
  return {digits.data(),
          std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr};
}

}  // namespace

std::string to_line(const SymbolRequest& request) {
  return hex_of(request.address) + " " +
         (request.build_id.empty() ? std::string(kNoBuildId) : request.build_id) + " " +
         cleaned(request.path, request.path.size()) + "\n";
}

std::optional<SymbolRequest> parse_request(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == line.npos ? first : line.find(' ', first + 1);
  if (second == line.npos) {
    return std::nullopt;
  }
  SymbolRequest request;
  const auto [end, error] = std::from_chars(line.data(), line.data() + first, request.address, 16);
  if (error != std::errc() || end != line.data() + first) {
    return std::nullopt;
  }
  const std::string_view build_id = line.substr(first + 1, second - first - 1);
  request.build_id = build_id == kNoBuildId ? "" : build_id;
  request.path = line.substr(second + 1);
  return request;
}

std::string to_line(const Symbol& symbol) {
  return cleaned(symbol.function, kMaxNameBytes) + "\t" + cleaned(symbol.place, kMaxNameBytes) +
         "\n";
}

Symbol parse_symbol(std::string_view line) {
  const std::size_t tab = line.find('\t');
  Symbol symbol;
  symbol.function = cleaned(line.substr(0, tab), kMaxNameBytes);
  symbol.place = tab == line.npos ? "" : cleaned(line.substr(tab + 1), kMaxNameBytes);
  return symbol;
}

}  // namespace prefork::symbols
