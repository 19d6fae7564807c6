#include "ipc/log/time_text.h"

#include <chrono>
#include <cstddef>

#include "ipc/base/timespec.h"

namespace prefork::ipc {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// `digits` of them, with zeros in front.
void put_number(char* at, std::size_t digits, std::uint64_t number) {
  for (std::size_t i = digits; i-- > 0; number /= 10) {
    at[i] = static_cast<char>('0' + number % 10);
  }
}

}  // namespace

std::string_view TimeText::rfc3339(std::uint64_t realtime_ns) {
  follow(realtime_ns / kNsPerSecond);
  put_number(&rfc3339_[20], 3, realtime_ns / 1'000'000 % 1000);
  return {rfc3339_.data(), rfc3339_.size()};
}

std::string_view TimeText::common_log(std::uint64_t realtime_ns) {
  follow(realtime_ns / kNsPerSecond);
  return {common_log_.data(), common_log_.size()};
}

void TimeText::follow(std::uint64_t second) {
  if (second == second_) {
    return;
  }
  second_ = second;
  const std::chrono::sys_seconds time{std::chrono::seconds(static_cast<std::int64_t>(second))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::uint64_t of_day = second % 86'400;
  const auto year = static_cast<std::uint64_t>(static_cast<int>(date.year()));

  std::string_view("0000-00-00T00:00:00.000+00:00").copy(rfc3339_.data(), rfc3339_.size());
  put_number(&rfc3339_[0], 4, year);
  put_number(&rfc3339_[5], 2, static_cast<unsigned>(date.month()));
  put_number(&rfc3339_[8], 2, static_cast<unsigned>(date.day()));
  put_number(&rfc3339_[11], 2, of_day / 3600);
  put_number(&rfc3339_[14], 2, of_day / 60 % 60);
  put_number(&rfc3339_[17], 2, of_day % 60);

  std::string_view("00/Jan/0000:00:00:00 +0000").copy(common_log_.data(), common_log_.size());
  put_number(&common_log_[0], 2, static_cast<unsigned>(date.day()));
  kMonths[static_cast<unsigned>(date.month()) - 1].copy(&common_log_[3], 3);
  put_number(&common_log_[7], 4, year);
  std::string_view(&rfc3339_[11], 8).copy(&common_log_[12], 8);
}

}  // namespace prefork::ipc
