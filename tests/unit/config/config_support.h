// Short ways of saying things in the tests of config/.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace prefork::config {

using Arguments = std::vector<std::string>;
using Lines = std::vector<std::string>;

inline Lines lines_of(const std::vector<ConfigError>& errors) {
  constexpr std::string_view kProgram = "prefork-server: ";
  Lines lines;
  for (const ConfigError& error : errors) lines.push_back(to_line(error).substr(kProgram.size()));
  return lines;
}

// The lines of a configuration that must fail, without the name of the program.
inline Lines errors_of(const Arguments& arguments, const Environment& environment = {}) {
  const Loaded loaded = load_options(arguments, environment);
  EXPECT_EQ(loaded.action, Action::fail);
  EXPECT_EQ(loaded.output, "");
  return lines_of(loaded.errors);
}

// The options of a configuration that must be fine.
inline Options options_of(const Arguments& arguments, const Environment& environment = {}) {
  const Loaded loaded = load_options(arguments, environment);
  EXPECT_EQ(loaded.action, Action::run);
  EXPECT_EQ(lines_of(loaded.errors), Lines{});
  return loaded.options;
}

// A folder that lives as long as the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "config_test_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  // Makes the folders on the way too. Returns the file's path.
  std::string write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace prefork::config
