// The fields that go with every response, Date among them, formatted once a second instead of once
// a response. RFC 9110 section 6.6.1 (Date): that second is asked for with each response, so that
// no Last-Modified is ever later (section 8.8.2.1). One thread: the event loop.
#pragma once

#include <ctime>

#include "server/http/field_list.h"

namespace prefork::http {

class DateCache {
 public:
  // `fixed_fields` come first.
  explicit DateCache(FieldList fixed_fields, bool with_date = true);

  // To be called before each response; does something when the second has changed, and says so.
  bool refresh(std::time_t now) {
    if (now == second_) [[likely]] {
      return false;
    }
    format(now);
    return true;
  }

  // Server, what the configuration adds, and Date.
  [[nodiscard]] const FieldList& fields() const { return fields_; }
  // The same, with the present second.
  const FieldList& refreshed() {
    refresh(std::time(nullptr));
    return fields_;
  }

 private:
  void format(std::time_t now);

  const FieldList fixed_fields_;
  FieldList fields_;
  const bool with_date_;
  std::time_t second_ = -1;
};

}  // namespace prefork::http
