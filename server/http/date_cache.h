// The fields that go with every response, Date among them, formatted once a second instead of once
// a response. RFC 9110 section 6.6.1 (Date). One thread: the event loop refreshes it from its tick.
#pragma once

#include <ctime>

#include "server/http/field_list.h"

namespace prefork::http {

class DateCache {
 public:
  // `fixed_fields` come first.
  explicit DateCache(FieldList fixed_fields, bool with_date = true);

  // To be called often; does something when the second has changed.
  void refresh(std::time_t now);

  // Server, what the configuration adds, and Date.
  [[nodiscard]] const FieldList& fields() const { return fields_; }

 private:
  const FieldList fixed_fields_;
  FieldList fields_;
  const bool with_date_;
  std::time_t second_ = -1;
};

}  // namespace prefork::http
