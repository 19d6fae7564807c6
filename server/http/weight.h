// Weights in fields of content negotiation (RFC 9110 section 12.4.2): "q=0.8". Pure.
#pragma once

#include <optional>
#include <string_view>

namespace prefork::http {

// In thousandths, 0 to 1000: the grammar has three digits. Nothing: it is none.
using Weight = std::optional<unsigned>;

// What stands behind "q=".
Weight parse_weight(std::string_view text) noexcept;

}  // namespace prefork::http
