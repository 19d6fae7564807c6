// What `prefork-server symbolize` is asked and what it answers, as lines of text: for each address
// in a file one line, in which the parts stand that are known.
//
//   1c2f4 9f3a...e1 /srv/libshop.so   ->   shop::basket(Item const&) TAB /src/basket.cpp:17
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prefork::symbols {

struct SymbolRequest {
  std::uint64_t address = 0;  // as the file has it
  std::string build_id;       // hexadecimal digits; empty: none, and any build will do
  std::string path;

  friend bool operator==(const SymbolRequest&, const SymbolRequest&) = default;
};

// What is not known is empty.
struct Symbol {
  std::string function;
  std::string place;  // "/src/basket.cpp:17"

  friend bool operator==(const Symbol&, const Symbol&) = default;
};

// More is not asked or answered at once, and longer names are cut.
inline constexpr std::size_t kMaxRequests = 128;
inline constexpr std::size_t kMaxNameBytes = 240;

std::string to_line(const SymbolRequest& request);
// Nothing: it is not such a line.
std::optional<SymbolRequest> parse_request(std::string_view line);
std::string to_line(const Symbol& symbol);
Symbol parse_symbol(std::string_view line);

}  // namespace prefork::symbols
