// The fields that go with every answer, Date among them, formatted once a second instead of once an
// answer. RFC 9110 section 6.6.1 (Date). One thread: the event loop refreshes it from its tick.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace prefork::http {

class DateCache {
 public:
  // `fixed_fields`: whole lines that come first.
  explicit DateCache(std::string fixed_fields, bool with_date = true);

  // To be called often; does something when the second has changed.
  void refresh(std::time_t now);

  // "Server: ...\r\nDate: ...\r\n", whole lines
  [[nodiscard]] std::string_view fields() const { return fields_; }

 private:
  const std::string fixed_fields_;
  const bool with_date_;
  std::string fields_;
  std::time_t second_ = -1;
};

}  // namespace prefork::http
