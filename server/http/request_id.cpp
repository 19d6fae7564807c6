#include "server/http/request_id.h"

#include <algorithm>

namespace prefork::http {

std::string_view request_id_text(const Request& request) {
  if (!request.is_from_proxy) {
    return {};
  }
  const std::string_view id = request.fields.lines(KnownField::x_request_id).only().value_or("");
  const bool is_visible =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return id.size() <= kMaxRequestIdBytes && is_visible ? id : std::string_view{};
}

}  // namespace prefork::http
