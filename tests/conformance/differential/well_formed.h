// A second opinion on what a well-formed request is, written for the rules of this test only:
// small, strict, and without the server's parser. Views into the bytes given. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace prefork::test {

// Where the request begins that follows `before` well-formed ones.
std::size_t offset_of_request(std::string_view bytes, std::size_t before);

// Up to the first empty line, blank lines in front included.
std::string_view head_of(std::string_view bytes);

// Each without its LF but with its CR.
std::vector<std::string_view> lines_of(std::string_view text);

// Both with a CR at their end, as lines_of gives them.
bool is_request_line(std::string_view line);
bool is_field_line(std::string_view line);

// Of a field line.
std::string_view name_of(std::string_view line);
std::string_view value_of(std::string_view line);

bool is_chunked(std::string_view head);
// Of a chunked body at the front of `bytes`, trailers included; nothing if it is malformed or cut.
std::optional<std::size_t> size_of_chunked(std::string_view bytes);

// Whether a comma-separated list has this item, in any case of letters.
bool has_list_item(std::string_view list, std::string_view item);

}  // namespace prefork::test
