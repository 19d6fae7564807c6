// What an errno means, in English whatever locale an application has set. A constant; any thread.
#pragma once

#include <cstring>
#include <string_view>

namespace prefork::ipc {

inline std::string_view error_text(int number) {
  const char* const text = ::strerrordesc_np(number);
  return text != nullptr ? text : "unknown error";
}

}  // namespace prefork::ipc
