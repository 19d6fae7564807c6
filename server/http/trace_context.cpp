#include "server/http/trace_context.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "config/base/text.h"

namespace prefork::http {
namespace {

constexpr std::string_view kTraceStateName = "tracestate";
// More than vendors have to pass on, and no more than the specification allows.
constexpr std::size_t kMaxStateBytes = 512;
constexpr std::size_t kMaxStateMembers = 32;
constexpr std::size_t kMaxKeyBytes = 256;
constexpr std::size_t kMaxValueBytes = 256;
// Of each of eight bytes.
constexpr std::uint64_t kEach = 0x0101010101010101;
constexpr std::uint64_t kHighest = 0x80 * kEach;

// Eight digits at once: every request has sixteen of them at least. Each half byte gets a byte of
// its own, and then becomes its digit.
void write_hex(char* to, std::uint32_t number) {
  constexpr unsigned kToLetter = 'a' - '9' - 1;
  std::uint64_t digits = number;
  digits = (digits << 16U | digits) & 0x0000FFFF0000FFFF;
  digits = (digits << 8U | digits) & 0x00FF00FF00FF00FF;
  digits = (digits << 4U | digits) & 0x0F0F0F0F0F0F0F0F;
  const std::uint64_t letters = ((digits + 6 * kEach) >> 4U) & kEach;
  digits += '0' * kEach + letters * kToLetter;
  if constexpr (std::endian::native == std::endian::little) {
    digits = __builtin_bswap64(digits);
  }
  std::memcpy(to, &digits, sizeof digits);
}

void write_hex(char* to, std::uint64_t number) {
  write_hex(to, static_cast<std::uint32_t>(number >> 32U));
  write_hex(to + 8, static_cast<std::uint32_t>(number));
}

constexpr bool is_lower_hex(char c) { return config::is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_all_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_lower_hex);
}

// The highest bit of each byte that is a digit in lower case, of eight: what is added carries into
// it from the first character of a range on.
std::uint64_t hex_marks(std::uint64_t bytes) {
  const auto from = [bytes](unsigned first) {
    return (bytes & ~kHighest) + (0x80U - first) * kEach;
  };
  const std::uint64_t digits = from('0') & ~from('9' + 1);
  const std::uint64_t letters = from('a') & ~from('f' + 1);
  return (digits | letters) & ~bytes & kHighest;
}

// An id, whose length is a multiple of eight: of zeros alone it is none.
bool is_id(std::string_view text) {
  std::uint64_t marks = kHighest;
  std::uint64_t others = 0;
  for (std::size_t at = 0; at < text.size(); at += sizeof marks) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    marks &= hex_marks(bytes);
    others |= bytes ^ ('0' * kEach);
  }
  return marks == kHighest && others != 0;
}

constexpr bool is_key_start(char c) { return (c >= 'a' && c <= 'z') || config::is_digit(c); }

constexpr bool is_key_char(char c) {
  return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

constexpr bool is_value_char(char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; }

bool is_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == member.npos || equals == 0 || equals > kMaxKeyBytes) {
    return false;
  }
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  return is_key_start(key.front()) && std::all_of(key.begin(), key.end(), is_key_char) &&
         std::count(key.begin(), key.end(), '@') <= 1 && !value.empty() &&
         value.size() <= kMaxValueBytes && std::all_of(value.begin(), value.end(), is_value_char);
}

std::string_view line_of(const Field& field) {
  return config::equals_ignoring_case(field.name, kTraceStateName) ? config::trim(field.value)
                                                                   : std::string_view{};
}

// Malformed, or too much: nothing, as the specification has it.
std::string state_of(FieldView fields) {
  std::string state;
  for (const Field& field : fields) {
    const std::string_view line = line_of(field);
    if (line.empty()) {
      continue;
    }
    if (!is_tracestate(line) ||
        state.size() + (state.empty() ? 0 : 1) + line.size() > kMaxStateBytes) {
      return {};
    }
    state.append(state.empty() ? "" : ",").append(line);
  }
  const auto commas = std::count(state.begin(), state.end(), ',');
  return static_cast<std::size_t>(commas) < kMaxStateMembers ? state : std::string();
}

}  // namespace

TraceParent::TraceParent(std::uint64_t trace_high, std::uint64_t trace_low, std::uint64_t span,
                         bool is_sampled) {
  constexpr std::string_view kShape = "00-00000000000000000000000000000000-0000000000000000-00";
  std::copy(kShape.begin(), kShape.end(), text_.begin());
  write_hex(text_.data() + 3, trace_high);
  write_hex(text_.data() + 19, (trace_high | trace_low) == 0 ? 1 : trace_low);
  set_span(span);
  text_[54] = is_sampled ? '1' : '0';
}

void TraceParent::set_span(std::uint64_t span) {
  write_hex(text_.data() + 36, span == 0 ? 1 : span);
}

std::optional<TraceParent> parse_traceparent(std::string_view value) {
  if (value.size() < TraceParent::kTextBytes || value[2] != '-' || value[35] != '-' ||
      value[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = value.substr(0, 2);
  const std::string_view flags = value.substr(53, 2);
  const std::string_view trace = value.substr(3, TraceParent::kTraceBytes);
  const std::string_view span = value.substr(36, TraceParent::kSpanBytes);
  const bool ends_there = value.size() == TraceParent::kTextBytes;
  const bool goes_on = version != "00" && value.size() > TraceParent::kTextBytes &&
                       value[TraceParent::kTextBytes] == '-';
  if (version == "ff" || !(ends_there || goes_on) || !is_all_lower_hex(version) ||
      !is_all_lower_hex(flags) || !is_id(trace) || !is_id(span)) {
    return std::nullopt;
  }
  TraceParent parent;
  std::copy_n(value.begin(), TraceParent::kTextBytes, parent.text_.begin());
  parent.text_[0] = '0';
  parent.text_[1] = '0';
  const bool is_sampled = (*config::hex_value(flags[1]) & 1U) != 0;
  parent.text_[53] = '0';
  parent.text_[54] = is_sampled ? '1' : '0';
  return parent;
}

bool is_tracestate(std::string_view line) {
  ListMembers members(line);
  while (const auto member = members.next()) {
    if (!is_member(*member)) {
      return false;
    }
  }
  return true;
}

TraceFields find_trace(FieldView fields) {
  TraceFields found;
  // Several say nothing that could be relied on.
  if (const auto parent = fields.lines(KnownField::traceparent).only()) {
    found.parent = parse_traceparent(*parent);
  }
  if (found.parent && fields.has(KnownField::tracestate)) {
    found.state = state_of(fields);
  }
  return found;
}

}  // namespace prefork::http
