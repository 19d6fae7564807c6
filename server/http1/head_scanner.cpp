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

  template <Class kClass>
  static std::uint32_t bits_of(const char* at) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kHalfBytes; ++i) {
      const bool is_one = (kClasses[static_cast<unsigned char>(at[i])] & kClass) != 0;
      bits |= std::uint32_t{is_one} << i;
    }
    return bits;
  }

  static std::uint32_t controls(const char* at) { return bits_of<kControl>(at); }
  static std::uint32_t others(const char* at) { return bits_of<kOther>(at); }
  static std::uint32_t targets(const char* at) { return bits_of<kTarget>(at); }
};

void scan_scalar(std::string_view bytes, HeadMasks& masks) { scan_with<ScalarLook>(bytes, masks); }

// Scanners read 32 bytes at once.
void scan_few(const HeadScanner& scanner, std::string_view bytes, HeadMasks& masks) {
  std::array<char, kHalfBytes> padded{};
  std::copy(bytes.begin(), bytes.end(), padded.begin());
  scanner.scan_many({padded.data(), padded.size()}, masks);
  masks.size = bytes.size();
  const std::uint64_t there = (std::uint64_t{1} << bytes.size()) - 1;
  for (HeadMasks::Mask* const mask : {&masks.control, &masks.delimiter, &masks.target}) {
    mask->front() &= there;
  }
}

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

void HeadScanner::scan(std::string_view bytes, HeadMasks& masks) const {
  if (bytes.size() < kHalfBytes) {
    scan_few(*this, bytes, masks);
  } else {
    scan_many(bytes, masks);
  }
}

std::span<const HeadScanner> head_scanners() {
  static const std::vector<HeadScanner> kScanners = find_scanners();
  return kScanners;
}

}  // namespace prefork::http1
