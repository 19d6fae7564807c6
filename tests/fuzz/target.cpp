// Control byte: the method; the rest is a target, a path and an authority at once. Paths are
// decoded once and never lead above the root; a second, plain reading finds the same one.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/target.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/head_summary.h"
#include "tests/unit/server/http1/parser_support.h"

namespace prefork::fuzzing {
namespace {

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789aBcDeF";
  std::string encoded = "/";
  for (const char c : text.substr(1)) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return encoded;
}

std::optional<std::string> decode(std::string_view raw) {
  std::string decoded;
  while (!raw.empty()) {
    if (raw.front() != '%') {
      if (is_control(raw.front())) {
        return std::nullopt;
      }
      decoded += raw.front();
      raw.remove_prefix(1);
      continue;
    }
    if (raw.size() < 3 || !config::hex_value(raw[1]) || !config::hex_value(raw[2])) {
      return std::nullopt;
    }
    decoded += static_cast<char>(*config::hex_value(raw[1]) * 16 + *config::hex_value(raw[2]));
    if (is_control(decoded.back())) {
      return std::nullopt;
    }
    raw.remove_prefix(3);
  }
  return decoded;
}

// An encoded slash stands as a NUL in what it gives.
std::optional<std::string> decode_segment(std::string_view raw) {
  std::optional<std::string> segment = decode(raw);
  if (!segment) {
    return std::nullopt;
  }
  for (std::string_view rest = *segment;;) {
    const std::string_view piece = rest.substr(0, rest.find('/'));
    if (piece == "." || piece == "..") {
      return std::nullopt;
    }
    if (piece.size() == rest.size()) {
      break;
    }
    rest.remove_prefix(piece.size() + 1);
  }
  std::replace(segment->begin(), segment->end(), '/', http::kEncodedSlash);
  return segment;
}

// With a list of segments: what normalize_path does in place.
std::optional<std::string> resolve(std::string_view raw) {
  std::vector<std::string_view> segments;
  for (std::size_t begin = 1; begin <= raw.size();) {
    const std::size_t end = std::min(raw.find('/', begin), raw.size());
    const std::string_view segment = raw.substr(begin, end - begin);
    const bool last = end == raw.size();
    begin = end + 1;
    if (segment == "..") {
      if (segments.empty()) {
        return std::nullopt;
      }
      segments.pop_back();
    }
    if (segment != "." && segment != "..") {
      segments.push_back(segment);
    } else if (last) {
      segments.emplace_back();
    }
  }
  std::string path;
  for (const std::string_view segment : segments) {
    const std::optional<std::string> decoded = decode_segment(segment);
    if (!decoded) {
      return std::nullopt;
    }
    path += "/" + *decoded;
  }
  return path.empty() ? "/" : path;
}

std::string with_slashes(std::string segments) {
  std::replace(segments.begin(), segments.end(), http::kEncodedSlash, '/');
  return segments;
}

void check_path(std::string_view raw) {
  std::string segments = "left from before";
  const bool accepted = http::normalize_path(raw, segments) == nullptr;
  const std::optional<std::string> expected = resolve(raw);
  PREFORK_CHECK(accepted == expected.has_value());
  if (!accepted) {
    return;
  }
  PREFORK_CHECK(segments == *expected);
  const std::string path = with_slashes(segments);
  PREFORK_CHECK(path.starts_with('/') && !has_dot_segment(path));
  // What was decoded once and is escaped again comes back unchanged; without a percent sign, as it
  // is.
  std::string again;
  PREFORK_CHECK(http::normalize_path(percent_encode(path), again) == nullptr &&
                with_slashes(again) == path);
  if (path.find('%') == std::string::npos) {
    PREFORK_CHECK(http::normalize_path(path, again) == nullptr && again == path);
  }
}

void check_authority(std::string_view text) {
  if (!http::is_valid_authority(text)) {
    return;
  }
  PREFORK_CHECK(!text.empty());
  PREFORK_CHECK(std::all_of(text.begin(), text.end(), is_printable));
  PREFORK_CHECK(text.find_first_of("/@,?#\\ ") == std::string_view::npos);
  const std::string absolute = "http://" + std::string(text) + "/";
  http::Target target;
  std::string storage;
  PREFORK_CHECK(http::parse_target(http::Method::get, absolute, target, storage) == nullptr);
  PREFORK_CHECK(target.authority == text && target.path == "/" && target.query.empty());
}

void check_target(http::Method method, std::string_view text) {
  http::Target target;
  std::string storage = "left from before";
  if (http::parse_target(method, text, target, storage) != nullptr) {
    return;
  }
  PREFORK_CHECK(std::all_of(text.begin(), text.end(), is_printable));
  PREFORK_CHECK(target.authority.empty() || http::is_valid_authority(target.authority));
  if (method == http::Method::connect) {
    const std::size_t colon = text.rfind(':');
    PREFORK_CHECK(target.path.empty() && target.authority == text);
    PREFORK_CHECK(colon != std::string_view::npos && colon + 1 < text.size());
    PREFORK_CHECK(std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(),
                              config::is_digit));
    return;
  }
  PREFORK_CHECK(target.path == "*" ? method == http::Method::options
                                   : target.path.starts_with('/'));
  PREFORK_CHECK(std::none_of(target.path.begin(), target.path.end(), is_control));
  PREFORK_CHECK(!has_dot_segment(target.path));
  PREFORK_CHECK(target.query.empty() || text.ends_with("?" + std::string(target.query)));
  if (text.front() == '/') {
    const std::optional<std::string> segments = resolve(text.substr(0, text.find('?')));
    PREFORK_CHECK(segments && target.path == with_slashes(*segments));
    PREFORK_CHECK((target.segments.empty() ? target.path : target.segments) == *segments);
  }
}

void check_one(Input input) {
  constexpr std::array kMethods = {http::Method::get, http::Method::options, http::Method::connect,
                                   http::Method::other};
  const http::Method method = kMethods[input.byte() % kMethods.size()];
  const http1::testing_parser::ExactBytes bytes(input.rest());
  check_target(method, bytes.view());
  check_authority(bytes.view());
  if (bytes.view().starts_with('/')) {
    check_path(bytes.view());
  }
}

}  // namespace
}  // namespace prefork::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prefork::fuzzing::check_one({data, size});
  return 0;
}
