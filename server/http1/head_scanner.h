// Finds out what the bytes of a head are, with the widest instructions that this processor has: the
// first half of the fast path beside llhttp (see fast_head.h). Pure functions; any thread.
#pragma once

#include <span>
#include <string_view>

#include "server/http1/head_masks.h"

namespace prefork::http1 {

struct HeadScanner {
  std::string_view name;  // "avx2", "ssse3" or "scalar"
  // Of at least 32 bytes.
  void (*scan_many)(std::string_view bytes, HeadMasks& masks);

  // Describes the bytes up to the block in which the head seems to end, at most
  // HeadMasks::kMaxBytes. Each scanner says the same of the same bytes.
  void scan(std::string_view bytes, HeadMasks& masks) const;
};

// Those that run here, the best one first; never empty.
[[nodiscard]] std::span<const HeadScanner> head_scanners();
[[nodiscard]] inline const HeadScanner& best_head_scanner() { return head_scanners().front(); }

}  // namespace prefork::http1
