#include "server/date_cache.h"

#include "server/http_date.h"

namespace prefork {

DateCache::DateCache(std::string_view server_name)
    : prefix_("Server: " + std::string(server_name) + "\r\nDate: ") {
  refresh(std::time(nullptr));
}

void DateCache::refresh(std::time_t now) {
  if (now != second_) {
    second_ = now;
    fields_ = prefix_;
    fields_.append(format_http_date(now).view()).append("\r\n");
  }
}

}  // namespace prefork
