// The scanners of x86-64, see head_scanner.h. To be called only where the processor has what their
// names say.
#pragma once

#include <string_view>

#include "server/http1/head_masks.h"

namespace prefork::http1 {

#ifdef __x86_64__
void scan_avx2(std::string_view bytes, HeadMasks& masks);
void scan_ssse3(std::string_view bytes, HeadMasks& masks);
#endif

}  // namespace prefork::http1
