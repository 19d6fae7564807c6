// Files that have changed since that was last told, and when it is time to tell of them: once it
// has been quiet for a moment, for compilers and linkers write in steps. What has come and gone
// meanwhile is none of them. Times are handed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace prefork::master {

class ChangeSeries {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // After the last change, and at the latest after the first one of a series without an end.
  static constexpr std::chrono::milliseconds kQuietTime{300};
  static constexpr std::chrono::milliseconds kLongestSeries{3'000};
  // Names of files; more are not remembered one by one.
  static constexpr std::size_t kMaxRemembered = 4'096;

  void changed(const std::string& path, TimePoint now);
  // A new file that is still written to. Whether it counts shows when it is closed.
  void made(const std::string& path);
  // A change, unless the file was made within this series: an editor's helper, which came and went.
  void gone(const std::string& path, TimePoint now);

  // None: nothing has changed.
  [[nodiscard]] std::optional<TimePoint> due() const;
  // Ends the series.
  std::set<std::string> take();

 private:
  std::set<std::string> changed_;
  std::set<std::string> made_;
  TimePoint first_change_;
  TimePoint last_change_;
};

}  // namespace prefork::master
