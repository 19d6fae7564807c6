#include "server/http1/head_scan_x86.h"

#ifdef __x86_64__

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "config/base/text.h"
#include "server/http1/head_scan_loop.h"

namespace prefork::http1 {

namespace {

// A shuffle looks 16 bytes up in a table of 16 at once. A character's high half selects in one
// table, its low half in another; a bit that both have names a set of which it is one: rows of
// ASCII, each with the same columns.
using Table = std::array<std::uint8_t, 16>;

// Sets of token characters: together all of them, and nothing else.
constexpr std::uint8_t kMarks = 1;        // row 2: ! # $ % & ' * + - .
constexpr std::uint8_t kTenColumns = 2;   // rows 3 5 6 7, columns 0 to 9: digits, P-Y, `a-i, p-y
constexpr std::uint8_t kLetterRows = 4;   // rows 4 6, columns 1 to F: A-O, a-o
constexpr std::uint8_t kLastLetters = 8;  // rows 5 7, columns A and E: Z ^ z ~
constexpr std::uint8_t kColumnF = 16;     // rows 4 5 6: O _ o
constexpr std::uint8_t kColumnC = 32;     // rows 4 6 7: L l |
// Control characters.
constexpr std::uint8_t kDelete = 64;        // row 7, column F
constexpr std::uint8_t kControlRows = 128;  // rows 0 and 1

constexpr Table kTokenRows = {
    kControlRows,
    kControlRows,
    kMarks,
    kTenColumns,
    kLetterRows | kColumnF | kColumnC,
    kTenColumns | kLastLetters | kColumnF,
    kTenColumns | kLetterRows | kColumnF | kColumnC,
    kTenColumns | kLastLetters | kColumnC | kDelete,
};

constexpr Table kTokenColumns = [] {
  Table columns{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool is_mark = config::is_token_char(static_cast<char>(0x20 + i));
    columns[i] = static_cast<std::uint8_t>(
        kControlRows | (is_mark ? kMarks : 0) | (i <= 9 ? kTenColumns : 0) |
        (i >= 1 ? kLetterRows : 0) | (i == 0xA || i == 0xE ? kLastLetters : 0) |
        (i == 0xF ? kColumnF | kDelete : 0) | (i == 0xC ? kColumnC : 0));
  }
  return columns;
}();

// The same of targets: % . \ # ? and all that is no visible character of ASCII.
constexpr std::uint8_t kTargetControls = 1;  // rows 0 and 1
constexpr std::uint8_t kTargetMarks = 2;     // row 2: SP # % .
constexpr std::uint8_t kTargetColumnF = 4;   // rows 3 7: ? DEL
constexpr std::uint8_t kTargetColumnC = 8;   // row 5: backslash

constexpr Table kTargetRows = {
    kTargetControls, kTargetControls, kTargetMarks, kTargetColumnF, 0, kTargetColumnC, 0,
    kTargetColumnF};
constexpr Table kTargetColumns = {kTargetControls | kTargetMarks,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls | kTargetMarks,
                                  kTargetControls,
                                  kTargetControls | kTargetMarks,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls,
                                  kTargetControls | kTargetColumnC,
                                  kTargetControls,
                                  kTargetControls | kTargetMarks,
                                  kTargetControls | kTargetColumnF};

// A token's sets make a number from 1 to 63, a control character's 64 or more, all others' 0. The
// high bit is what can be collected of 16 or 32 bytes at once.
constexpr char kControlHasHighBit = 64;  // added
constexpr char kOtherHasHighBit = 1;     // subtracted

struct Avx2Look {
  [[gnu::target("avx2")]] static __m256i table(const Table& table) {
    return _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
  }
  [[gnu::target("avx2")]] static std::uint32_t high_bits(__m256i bytes) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
  }
  [[gnu::target("avx2")]] static __m256i sets_of(__m256i bytes, const Table& rows,
                                                 const Table& columns) {
    const __m256i low_half = _mm256_set1_epi8(0x0F);
    const __m256i row = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_half);
    // A byte above ASCII selects nothing in the second.
    return _mm256_and_si256(_mm256_shuffle_epi8(table(rows), row),
                            _mm256_shuffle_epi8(table(columns), bytes));
  }
  [[gnu::target("avx2")]] static __m256i load(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }

  [[gnu::target("avx2")]] static std::uint32_t controls(const char* at) {
    return high_bits(_mm256_add_epi8(sets_of(load(at), kTokenRows, kTokenColumns),
                                     _mm256_set1_epi8(kControlHasHighBit)));
  }
  [[gnu::target("avx2")]] static std::uint32_t others(const char* at) {
    return high_bits(_mm256_sub_epi8(sets_of(load(at), kTokenRows, kTokenColumns),
                                     _mm256_set1_epi8(kOtherHasHighBit)));
  }
  [[gnu::target("avx2")]] static std::uint32_t targets(const char* at) {
    const __m256i bytes = load(at);
    const __m256i sets = sets_of(bytes, kTargetRows, kTargetColumns);
    return high_bits(_mm256_or_si256(_mm256_cmpgt_epi8(sets, _mm256_setzero_si256()), bytes));
  }
};

struct Ssse3Look {
  [[gnu::target("ssse3")]] static __m128i table(const Table& table) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data()));
  }
  [[gnu::target("ssse3")]] static std::uint32_t high_bits(__m128i low, __m128i high) {
    return static_cast<std::uint32_t>(_mm_movemask_epi8(low)) |
           static_cast<std::uint32_t>(_mm_movemask_epi8(high)) << 16;
  }
  [[gnu::target("ssse3")]] static __m128i sets_of(__m128i bytes, const Table& rows,
                                                  const Table& columns) {
    const __m128i row = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0F));
    return _mm_and_si128(_mm_shuffle_epi8(table(rows), row),
                         _mm_shuffle_epi8(table(columns), bytes));
  }
  [[gnu::target("ssse3")]] static __m128i load(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  }
  [[gnu::target("ssse3")]] static __m128i tokens_of(const char* at) {
    return sets_of(load(at), kTokenRows, kTokenColumns);
  }
  [[gnu::target("ssse3")]] static __m128i targets_of(const char* at) {
    const __m128i bytes = load(at);
    const __m128i sets = sets_of(bytes, kTargetRows, kTargetColumns);
    return _mm_or_si128(_mm_cmpgt_epi8(sets, _mm_setzero_si128()), bytes);
  }

  [[gnu::target("ssse3")]] static std::uint32_t controls(const char* at) {
    const __m128i high_bit = _mm_set1_epi8(kControlHasHighBit);
    return high_bits(_mm_add_epi8(tokens_of(at), high_bit),
                     _mm_add_epi8(tokens_of(at + 16), high_bit));
  }
  [[gnu::target("ssse3")]] static std::uint32_t others(const char* at) {
    const __m128i high_bit = _mm_set1_epi8(kOtherHasHighBit);
    return high_bits(_mm_sub_epi8(tokens_of(at), high_bit),
                     _mm_sub_epi8(tokens_of(at + 16), high_bit));
  }
  [[gnu::target("ssse3")]] static std::uint32_t targets(const char* at) {
    return high_bits(targets_of(at), targets_of(at + 16));
  }
};

}  // namespace

[[gnu::target("avx2")]] void scan_avx2(std::string_view bytes, HeadMasks& masks) {
  scan_with<Avx2Look>(bytes, masks);
}

[[gnu::target("ssse3")]] void scan_ssse3(std::string_view bytes, HeadMasks& masks) {
  scan_with<Ssse3Look>(bytes, masks);
}

}  // namespace prefork::http1

#endif
