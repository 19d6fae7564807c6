// A folder of a test's own, removed with everything in it at the end, but kept when the test has
// failed. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace prefork::test {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The path of something in it.
  [[nodiscard]] std::string operator/(std::string_view name) const;

  // Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

// Empty when there is no such file.
std::string read_file(const std::string& path);

bool exists(const std::string& path);

}  // namespace prefork::test
