#include "workers/master/wording.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace prefork::master {

std::string seconds(supervision::Duration duration) {
  const double count = std::chrono::duration<double>(duration).count();
  char text[32];
  // Three digits, or all of them before the point; no locale changes it.
  const char* const end =
      count < 999.5
          ? std::to_chars(text, text + sizeof text, count, std::chars_format::general, 3).ptr
          : std::to_chars(text, text + sizeof text, std::llround(count)).ptr;
  return std::string(static_cast<const char*>(text), end) + " s";
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace prefork::master
