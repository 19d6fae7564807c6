#include "server/date_cache.h"

#include <array>
#include <cstdio>

namespace prefork {

std::string format_http_date(std::time_t time) {
  // strftime would follow the locale; these names are the protocol's.
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                utc.tm_min, utc.tm_sec);
  return text.data();
}

DateCache::DateCache(std::string_view server_name)
    : prefix_("Server: " + std::string(server_name) + "\r\nDate: ") {
  refresh(std::time(nullptr));
}

void DateCache::refresh(std::time_t now) {
  if (now != second_) {
    second_ = now;
    fields_ = prefix_ + format_http_date(now) + "\r\n";
  }
}

}  // namespace prefork
