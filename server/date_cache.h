// The Server and Date fields of every answer, formatted once a second instead of once an answer.
// RFC 9110 section 6.6.1 (Date). One thread: the event loop refreshes it
// from its tick.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace prefork {

class DateCache {
 public:
  explicit DateCache(std::string_view server_name);

  // To be called often; does something when the second has changed.
  void refresh(std::time_t now);

  // "Server: ...\r\nDate: ...\r\n"
  [[nodiscard]] std::string_view fields() const { return fields_; }

 private:
  std::string prefix_;
  std::string fields_;
  std::time_t second_ = -1;
};

}  // namespace prefork
