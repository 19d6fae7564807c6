#include "server/http/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <span>

#include "config/base/text.h"

namespace prefork::http {
namespace {

using namespace std::string_view_literals;

constexpr std::array kShortDays = {"Sun"sv, "Mon"sv, "Tue"sv, "Wed"sv, "Thu"sv, "Fri"sv, "Sat"sv};
constexpr std::array kLongDays = {"Sunday"sv,   "Monday"sv, "Tuesday"sv, "Wednesday"sv,
                                  "Thursday"sv, "Friday"sv, "Saturday"sv};
constexpr std::array kMonths = {"Jan"sv, "Feb"sv, "Mar"sv, "Apr"sv, "May"sv, "Jun"sv,
                                "Jul"sv, "Aug"sv, "Sep"sv, "Oct"sv, "Nov"sv, "Dec"sv};

constexpr std::int64_t kSecondsOfDay = 86400;
constexpr std::int64_t kFirstSecond = -62167219200;  // of the year 0
constexpr std::int64_t kLastSecond = 253402300799;   // of the year 9999

struct DateParts {
  int year = 0;
  unsigned month = 0;  // 1 to 12
  unsigned day = 0;
  std::int64_t second_of_day = 0;
};

// Reads a date's pieces off the front of the text; false where it goes on otherwise.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  bool skip(std::string_view literal) noexcept {
    if (!rest_.starts_with(literal)) {
      return false;
    }
    rest_.remove_prefix(literal.size());
    return true;
  }

  bool number(std::size_t digits, unsigned& value) noexcept {
    if (rest_.size() < digits ||
        !std::all_of(rest_.begin(), rest_.begin() + digits, config::is_digit)) {
      return false;
    }
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }

  bool one_of(std::span<const std::string_view> names) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [this](std::string_view name) { return skip(name); });
  }

  bool month(unsigned& value) noexcept {
    for (value = 1; value <= kMonths.size(); ++value) {
      if (skip(kMonths[value - 1])) {
        return true;
      }
    }
    return false;
  }

  bool time(std::int64_t& second_of_day) noexcept {
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (!number(2, hour) || !skip(":") || !number(2, minute) || !skip(":") || !number(2, second)) {
      return false;
    }
    second_of_day = (hour * 60 + minute) * 60 + second;
    const bool is_leap_second = second_of_day == kSecondsOfDay && second == 60;
    return is_leap_second || (hour < 24 && minute < 60 && second < 60);
  }

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::chrono::year_month_day calendar_day(int year, unsigned month, unsigned day) noexcept {
  return std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
}

std::int64_t to_seconds(std::chrono::sys_days day, std::int64_t second_of_day) noexcept {
  return std::int64_t{day.time_since_epoch().count()} * kSecondsOfDay + second_of_day;
}

// The latest year with those last two digits for which the date is no more than 50 years after now.
void complete_year(DateParts& date, std::int64_t now) noexcept {
  using std::chrono::floor;
  const std::chrono::sys_seconds now_time{
      std::chrono::seconds(std::clamp(now, std::int64_t{0}, kLastSecond))};
  const auto today = floor<std::chrono::days>(now_time);
  const std::chrono::year_month_day now_day(today);
  const int latest = static_cast<int>(now_day.year()) + 50;
  date.year = latest - (latest - date.year) % 100;
  if (date.year != latest) {
    return;
  }
  const unsigned month = static_cast<unsigned>(now_day.month());
  const unsigned day = static_cast<unsigned>(now_day.day());
  const std::int64_t second_of_day = (now_time - today).count();
  if (std::array<std::int64_t, 3>{date.month, date.day, date.second_of_day} >
      std::array<std::int64_t, 3>{month, day, second_of_day}) {
    date.year -= 100;
  }
}

bool read_rfc850(Reader& reader, DateParts& date, std::int64_t now) noexcept {
  unsigned year = 0;
  if (!reader.skip(", ") || !reader.number(2, date.day) || !reader.skip("-") ||
      !reader.month(date.month) || !reader.skip("-") || !reader.number(2, year) ||
      !reader.skip(" ") || !reader.time(date.second_of_day) || !reader.skip(" GMT")) {
    return false;
  }
  date.year = static_cast<int>(year);
  complete_year(date, now);
  return true;
}

// Sun, 06 Nov 1994 08:49:37 GMT or Sun Nov  6 08:49:37 1994, behind the name of the day.
bool read_four_digit_year(Reader& reader, DateParts& date) noexcept {
  unsigned year = 0;
  bool good = false;
  if (reader.skip(", ")) {
    good = reader.number(2, date.day) && reader.skip(" ") && reader.month(date.month) &&
           reader.skip(" ") && reader.number(4, year) && reader.skip(" ") &&
           reader.time(date.second_of_day) && reader.skip(" GMT");
  } else {
    good = reader.skip(" ") && reader.month(date.month) && reader.skip(" ") &&
           reader.number(reader.skip(" ") ? 1 : 2, date.day) && reader.skip(" ") &&
           reader.time(date.second_of_day) && reader.skip(" ") && reader.number(4, year);
  }
  date.year = static_cast<int>(year);
  return good;
}

}  // namespace

HttpDateText format_http_date(std::int64_t seconds) noexcept {
  const std::chrono::sys_seconds time{
      std::chrono::seconds(std::clamp(seconds, kFirstSecond, kLastSecond))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second_of_day = static_cast<unsigned>((time - day).count());

  // No strftime: it would follow the locale, and these names are the protocol's.
  HttpDateText text;
  text.append(kShortDays[std::chrono::weekday(day).c_encoding()]).append(", ");
  text.append_padded(static_cast<unsigned>(date.day()), 2).append(" ");
  text.append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  text.append_padded(static_cast<unsigned>(static_cast<int>(date.year())), 4).append(" ");
  text.append_padded(second_of_day / 3600, 2).append(":");
  text.append_padded(second_of_day / 60 % 60, 2).append(":");
  text.append_padded(second_of_day % 60, 2).append(" GMT");
  return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) noexcept {
  Reader reader(text);
  DateParts date;
  bool good = false;
  if (reader.one_of(kLongDays)) {  // before the short names, which they begin with
    good = read_rfc850(reader, date, now);
  } else if (reader.one_of(kShortDays)) {
    good = read_four_digit_year(reader, date);
  }
  const std::chrono::year_month_day day = calendar_day(date.year, date.month, date.day);
  if (!good || !reader.at_end() || !day.ok()) {
    return std::nullopt;
  }
  return to_seconds(day, date.second_of_day);
}

}  // namespace prefork::http
