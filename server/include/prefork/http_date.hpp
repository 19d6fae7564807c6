// Dates in fields (RFC 9110 section 5.6.7).
#pragma once

#include <prefork/cxx20.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <ratio>
#include <string>

namespace prefork {
inline namespace v1 {

namespace detail {

// "Sun, 06 Nov 1994 08:49:37 GMT"; fractions of a second are dropped. Years of 1970 to 9999, as the
// form has no others: what lies beyond becomes the nearest of them.
inline std::string http_date(std::chrono::system_clock::time_point time) {
  using std::chrono::floor;
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::chrono::seconds kLast{253'402'300'799};
  std::chrono::seconds since = floor<std::chrono::seconds>(time.time_since_epoch());
  since = since.count() < 0 ? std::chrono::seconds{0} : since;
  since = since > kLast ? kLast : since;
  const auto days = floor<std::chrono::duration<int, std::ratio<86'400>>>(since);
  const std::chrono::sys_days midnight{std::chrono::days{days.count()}};
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{since - days};
  const auto padded = [](auto number, std::size_t digits) {
    std::string text = std::to_string(number);
    return text.insert(0, digits - text.size(), '0');
  };
  std::string text = kDays[std::chrono::weekday{midnight}.c_encoding()];
  text.append(", ").append(padded(static_cast<unsigned>(date.day()), 2)).append(" ");
  text.append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  text.append(padded(static_cast<int>(date.year()), 4)).append(" ");
  text.append(padded(clock.hours().count(), 2)).append(":");
  text.append(padded(clock.minutes().count(), 2)).append(":");
  return text.append(padded(clock.seconds().count(), 2)).append(" GMT");
}

}  // namespace detail

}  // namespace v1
}  // namespace prefork
