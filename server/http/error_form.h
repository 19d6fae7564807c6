// The forms in which the server tells of an error, and which of them a client asks for by Accept
// (RFC 9110 section 12.5.1). Pure; any bytes may come in, time is linear in their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/http/field.h"

namespace prefork::http {

enum class ErrorForm : std::uint8_t {
  text,  // text/plain
  html,  // text/html
  json,  // application/problem+json (RFC 9457), for whoever reads any JSON
};

// The form that a media type is in, parameters and case aside; nothing: none of these.
std::optional<ErrorForm> form_of_type(std::string_view type) noexcept;

// The form that is named with the highest weight; of equal ones a type goes before a range, and the
// first before the others. Nothing: none of them is named, but perhaps "*/*".
std::optional<ErrorForm> named_form(FieldView fields) noexcept;

}  // namespace prefork::http
