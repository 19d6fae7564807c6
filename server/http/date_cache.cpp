#include "server/http/date_cache.h"

#include <utility>

#include "server/http/http_date.h"

namespace prefork::http {

DateCache::DateCache(FieldList fixed_fields, bool with_date)
    : fixed_fields_(std::move(fixed_fields)), with_date_(with_date) {
  refresh(std::time(nullptr));
}

void DateCache::format(std::time_t now) {
  second_ = now;
  fields_ = fixed_fields_;
  if (with_date_) {
    fields_.append("Date", format_http_date(now).view());
  }
}

}  // namespace prefork::http
