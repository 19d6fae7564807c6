// Finds locks that are taken in different orders, which wait for each other sooner or later, when
// both orders have been seen in this process, whether or not they ever met. For builds for
// development. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace prefork::native {

class LockOrder {
 public:
#ifdef NDEBUG
  static constexpr bool kIsChecked = false;
#else
  static constexpr bool kIsChecked = true;
#endif

  // The calling thread is going to wait for this lock, in that function. What is wrong with it, for
  // people; each circle is told once.
  std::optional<std::string> before_wait(const std::string& lock, const std::string& function);
  // The calling thread has it.
  void took(const std::string& lock);
  // Whichever thread gives it back.
  void gave_back(const std::string& lock);

 private:
  using Path = std::vector<std::string>;

  // From one lock to another, by orders that were seen; empty: there is none.
  Path find_path(const std::string& from, const std::string& to) const;
  [[nodiscard]] std::string tell(const std::string& held, const std::string& wanted,
                                 const std::string& function, const Path& path) const;

  std::mutex mutex_;
  std::vector<std::pair<std::thread::id, std::string>> held_;
  // Where the second was first wanted while the first was held.
  std::map<std::string, std::map<std::string, std::string>> seen_;
  std::set<std::pair<std::string, std::string>> told_;
};

}  // namespace prefork::native
