#include "server/http/known_field.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace prefork::http {

namespace {

// In the order of KnownField.
constexpr std::array<std::string_view, kKnownFieldCount> kNames = {"accept",
                                                                   "accept-encoding",
                                                                   "authorization",
                                                                   "connection",
                                                                   "content-length",
                                                                   "content-type",
                                                                   "expect",
                                                                   "forwarded",
                                                                   "host",
                                                                   "if-match",
                                                                   "if-modified-since",
                                                                   "if-none-match",
                                                                   "if-range",
                                                                   "if-unmodified-since",
                                                                   "range",
                                                                   "referer",
                                                                   "traceparent",
                                                                   "tracestate",
                                                                   "transfer-encoding",
                                                                   "upgrade",
                                                                   "user-agent",
                                                                   "x-forwarded-for",
                                                                   "x-forwarded-proto",
                                                                   "x-request-id"};

constexpr std::size_t kMinBytes = 4;
constexpr std::size_t kMaxBytes = 24;  // three words, see Words
static_assert(std::all_of(kNames.begin(), kNames.end(), [](std::string_view name) {
  return name.size() >= kMinBytes && name.size() <= kMaxBytes;
}));

// A name in words that overlap, so that nothing behind it is read. Letters differ from their other
// case in one bit, and no other character of a token becomes a letter or a hyphen by setting it.
struct Words {
  std::uint64_t front = 0;
  std::uint64_t middle = 0;
  std::uint64_t back = 0;

  friend bool operator==(const Words&, const Words&) = default;
};

constexpr std::uint64_t kLowerCase = 0x2020202020202020;

// memcpy, or what takes its place where a constant is made.
template <typename Word>
constexpr Word load(const char* from) noexcept {
  std::array<char, sizeof(Word)> bytes{};
  if (std::is_constant_evaluated()) {
    std::copy_n(from, bytes.size(), bytes.begin());
  } else {
    std::memcpy(bytes.data(), from, bytes.size());
  }
  return std::bit_cast<Word>(bytes);
}

constexpr Words words_of(std::string_view name) noexcept {
  const char* const end = name.data() + name.size();
  if (name.size() < sizeof(std::uint64_t)) {
    constexpr auto kLower = static_cast<std::uint32_t>(kLowerCase);
    return {load<std::uint32_t>(name.data()) | kLower, 0, load<std::uint32_t>(end - 4) | kLower};
  }
  return {load<std::uint64_t>(name.data()) | kLowerCase,
          name.size() > 16 ? load<std::uint64_t>(name.data() + 8) | kLowerCase : 0,
          load<std::uint64_t>(end - 8) | kLowerCase};
}

constexpr std::size_t kSlots = 64;

// Different for each name, which the table below checks.
constexpr std::size_t slot_of(std::string_view name) noexcept {
  const auto front = static_cast<unsigned char>(name.front() | 0x20);
  const auto back = static_cast<unsigned char>(name.back() | 0x20);
  return (9 * name.size() + back - front) % kSlots;
}

struct Slot {
  Words words;
  std::uint32_t size = 0;
  KnownField name = KnownField::other;
};
static_assert(sizeof(Slot) == 32);

constexpr std::array<Slot, kSlots> kTable = [] {
  std::array<Slot, kSlots> table{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    table[slot_of(kNames[i])] = {words_of(kNames[i]), static_cast<std::uint32_t>(kNames[i].size()),
                                 static_cast<KnownField>(i)};
  }
  return table;
}();
static_assert(std::count_if(kTable.begin(), kTable.end(), [](const Slot& slot) {
                return slot.size != 0;
              }) == static_cast<std::ptrdiff_t>(kKnownFieldCount));

}  // namespace

KnownField known_field(std::string_view name) noexcept {
  if (name.size() < kMinBytes) {
    return KnownField::other;
  }
  const Slot& slot = kTable[slot_of(name)];
  return slot.size == name.size() && slot.words == words_of(name) ? slot.name : KnownField::other;
}

std::string_view name_of(KnownField name) noexcept {
  return name == KnownField::other ? std::string_view() : kNames[static_cast<std::size_t>(name)];
}

}  // namespace prefork::http
