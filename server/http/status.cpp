#include "server/http/status.h"

#include <algorithm>

namespace prefork::http {

std::string_view reason_phrase(int status) {
  const auto* const entry =
      std::ranges::lower_bound(kStatusPhrases, status, {}, &StatusPhrase::status);
  return entry != kStatusPhrases.end() && entry->status == status ? entry->phrase
                                                                  : std::string_view{};
}

}  // namespace prefork::http
