// Whether a client takes a media type: negotiation by Accept (RFC 9110 section 12.5.1). Pure; any
// bytes may come in, time is linear in their number.
#pragma once

#include <span>
#include <string_view>

#include "server/http/request.h"

namespace prefork::http {

// `type` is in lower case, as in "text/html". Of the members that are about it the most specific
// one counts; without the field everything is welcome.
bool accepts_type(FieldView fields, std::string_view type) noexcept;

}  // namespace prefork::http
