#include "server/http1/head_scanner.h"

#include <vector>

#include "config/base/text.h"
#include "server/http1/head_scan_loop.h"
#include "server/http1/head_scan_x86.h"

namespace prefork::http1 {

namespace {

// One byte after the other: for processors that nothing better is known of.
struct ScalarLook {
  enum Class : std::uint8_t { kControl = 1, kOther = 2, kTarget = 4 };

  static constexpr std::array<std::uint8_t, 256> kClasses = [] {
    std::array<std::uint8_t, 256> classes{};
    for (std::size_t c = 0; c < classes.size(); ++c) {
      constexpr std::string_view kSpecial = "%.\\#?";
      const char character = static_cast<char>(c);
      const bool is_control = c < 0x20 || c == 0x7F;
      const bool is_token = config::is_token_char(character);
      const bool is_target =
          c <= 0x20 || c >= 0x7F || kSpecial.find(character) != std::string_view::npos;
      classes[c] = static_cast<std::uint8_t>((is_control ? kControl : 0) |
                                             (is_control || is_token ? 0 : kOther) |
                                             (is_target ? kTarget : 0));
    }
    return classes;
  }();

  static std::uint32_t class_of(const char* at, std::size_t i) {
    return kClasses[static_cast<unsigned char>(at[i])];
  }

  static HalfBits tokens(const char* at) {
    HalfBits bits{0, 0};
    for (std::size_t i = 0; i < kHalfBytes; ++i) {
      const std::uint32_t one = class_of(at, i);
      bits.control |= (one & kControl) << i;
      bits.other |= (one >> 1 & 1U) << i;
    }
    return bits;
  }

  static std::uint32_t targets(const char* at) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kHalfBytes; ++i) {
      bits |= (class_of(at, i) >> 2) << i;
    }
    return bits;
  }
};

void scan_scalar(std::string_view bytes, HeadMasks& masks) { scan_with<ScalarLook>(bytes, masks); }

std::vector<HeadScanner> find_scanners() {
  std::vector<HeadScanner> scanners;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") != 0) {
    scanners.push_back({"avx2", scan_avx2});
  }
  if (__builtin_cpu_supports("ssse3") != 0) {
    scanners.push_back({"ssse3", scan_ssse3});
  }
#endif
  scanners.push_back({"scalar", scan_scalar});
  return scanners;
}

}  // namespace

std::span<const HeadScanner> head_scanners() {
  static const std::vector<HeadScanner> kScanners = find_scanners();
  return kScanners;
}

}  // namespace prefork::http1
