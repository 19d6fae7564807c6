#include "workers/scaffold/new_project.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "config/base/config_error.h"
#include "config/version.h"
#include "ipc/base/owned_fd.h"
#include "workers/scaffold/package_places.h"

namespace prefork::scaffold {

namespace {

namespace fs = std::filesystem;

// Where the CMake package of this very program is.
struct Package {
  enum class Kind { installed, build_folder, none };
  Kind kind = Kind::none;
  std::string prefix = "/usr/local";  // for CMAKE_PREFIX_PATH
};

constexpr std::string_view kConfigName = "prefork-config.cmake";

std::string own_path() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

Package find_package(const std::string& program) {
  std::error_code ignored;
  const std::string folder = fs::path(program).parent_path().string();
  const std::string programs = "/" + std::string(kProgramFolder);
  if (folder.ends_with(programs)) {
    std::string prefix = folder.substr(0, folder.size() - programs.size());
    if (fs::exists(prefix + "/" + std::string(kPackageFolder) + "/" + std::string(kConfigName),
                   ignored)) {
      return {Package::Kind::installed, prefix.empty() ? "/" : std::move(prefix)};
    }
  }
  if (fs::exists(folder + "/" + std::string(kConfigName), ignored)) {
    return {Package::Kind::build_folder, folder};
  }
  return {};
}

// As people would type it: the name alone where the shell finds this very program by it.
std::string command_of(const std::string& program) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "" : variable;
  const fs::path name = fs::path(program).filename();
  while (!folders.empty()) {
    const std::size_t length = std::min(folders.find(':'), folders.size());
    const fs::path candidate = fs::path(folders.substr(0, length)) / name;
    if (std::error_code error; ::access(candidate.c_str(), X_OK) == 0) {
      return fs::equivalent(candidate, program, error) ? name.string() : program;
    }
    folders.remove_prefix(std::min(length + 1, folders.size()));
  }
  return program;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._-+:@%").find(c) != std::string_view::npos;
}

std::string for_shell(const std::string& text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    return text;
  }
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

// Inside double quotes.
std::string for_cmake(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '\\' || c == '"' || c == '$' ? std::string{'\\', c} : std::string(1, c);
  }
  return escaped;
}

using Fillings = std::vector<std::pair<std::string_view, std::string>>;

std::string filled(std::string_view text, const Fillings& fillings) {
  std::string result(text);
  for (const auto& [place, filling] : fillings) {
    for (std::size_t at = 0; (at = result.find(place, at)) != std::string::npos;) {
      result.replace(at, place.size(), filling);
      at += filling.size();
    }
  }
  return result;
}

std::string reason(int error) { return std::generic_category().message(error); }

// Makes files in a folder, and takes all of it back unless it is kept.
class Draft {
 public:
  explicit Draft(std::string folder) : folder_(std::move(folder)) {}
  ~Draft() {
    if (!is_kept_) {
      for (const std::string& file : files_) {
        ::unlink(file.c_str());
      }
      for (const std::string& folder : folders_) {
        ::rmdir(folder.c_str());
      }
      if (has_made_folder_) {
        ::rmdir(folder_.c_str());
      }
    }
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void keep() { is_kept_ = true; }

  // An empty folder that is there will do.
  config::Result<void> make_folder() {
    has_made_folder_ = ::mkdir(folder_.c_str(), 0777) == 0;
    if (has_made_folder_) {
      return {};
    }
    const int error = errno;
    const std::string around = fs::path(folder_).parent_path().string();
    if (error == ENOENT && !around.empty() && ::access(around.c_str(), F_OK) != 0) {
      return config::Problem{"folder " + config::in_quotes(around) +
                             " does not exist; create it or use another path"};
    }
    if (error != EEXIST) {
      return config::Problem{"cannot make folder " + config::in_quotes(folder_) + ": " +
                             reason(error)};
    }
    std::error_code failed;
    if (!fs::is_directory(folder_, failed)) {
      return config::Problem{config::in_quotes(folder_) +
                             " exists and is not a folder; use another name"};
    }
    const bool is_empty = fs::is_empty(folder_, failed);
    if (failed) {
      return config::Problem{"folder " + config::in_quotes(folder_) +
                             " cannot be read: " + failed.message()};
    }
    if (!is_empty) {
      return config::Problem{"folder " + config::in_quotes(folder_) +
                             " is not empty; use another name or empty it"};
    }
    return {};
  }

  config::Result<void> write(std::string_view name, std::string_view text) {
    const std::string path = folder_ + "/" + std::string(name);
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
      const std::string folder = folder_ + "/" + std::string(name.substr(0, slash));
      if (::mkdir(folder.c_str(), 0777) == 0) {
        folders_.push_back(folder);
      }
    }
    const ipc::OwnedFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.valid()) {
      return config::Problem{"cannot make " + config::in_quotes(path) + ": " + reason(errno)};
    }
    files_.push_back(path);
    while (!text.empty()) {
      const ssize_t written = ::write(file.get(), text.data(), text.size());
      if (written < 0 && errno != EINTR) {
        return config::Problem{"cannot write " + config::in_quotes(path) + ": " + reason(errno)};
      }
      text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return {};
  }

 private:
  const std::string folder_;
  std::vector<std::string> files_;
  std::vector<std::string> folders_;  // in it
  bool has_made_folder_ = false;
  bool is_kept_ = false;
};

// Those of one kind, by their names in the folder.
std::vector<EmbeddedFile> files_of(const std::string& kind) {
  const std::string prefix = (kind.empty() ? "plain" : kind) + "/";
  std::vector<EmbeddedFile> files;
  for (const EmbeddedFile& file : kTemplateFiles) {
    if (file.name.starts_with(prefix)) {
      files.push_back({file.name.substr(prefix.size()), file.text});
    }
  }
  return files;
}

// What people type to build, test and serve it.
std::string commands_of(const std::string& kind, const std::string& name,
                        const std::string& program) {
  const std::string serve = for_shell(command_of(program));
  if (kind.empty()) {
    return "  cmake -B build && cmake --build build\n  " + serve + " build/lib" + name +
           ".so --reload\n";
  }
  return "  cmake -B build && cmake --build build && ctest --test-dir build\n  " + serve +
         " --config " + name + ".toml" + (kind == "site" ? "" : " --reload") + "\n";
}

// Who was built to be served at once (deploy/run.sh) is not all there is to install.
std::string commands_to_install(const std::string& build_folder) {
  return "  cmake --build " + build_folder + " && cmake --install " + build_folder +
         " --prefix /usr/local\n";
}

std::string told(const std::string& path, const std::vector<EmbeddedFile>& made,
                 const std::string& commands, const Package& package, const std::string& program) {
  std::string files;
  for (const EmbeddedFile& file : made) {
    files += (files.empty() ? "" : ", ") + std::string(file.name);
  }
  std::string text =
      "made " + for_shell(path) + ": " + files + "\n\n  cd " + for_shell(path) + "\n" + commands;
  const std::string folder = fs::path(program).parent_path().string();
  if (package.kind == Package::Kind::build_folder) {
    text += "\nprefork-server runs from its build folder; to install it:\n" +
            commands_to_install(for_shell(folder));
  } else if (package.kind == Package::Kind::none) {
    text += "\nprefork-server is not installed, so CMake may not find it; in its source folder:\n" +
            commands_to_install("build/release");
  }
  return text;
}

}  // namespace

config::Result<std::string> make_new_project(const std::string& path, const std::string& kind) {
  const std::string program = own_path();
  const Package package = find_package(program);
  const std::string name = fs::path(path).filename().string();
  const Fillings fillings = {{"{{name}}", name},
                             {"{{prefix}}", for_cmake(package.prefix)},
                             {"{{version}}", std::string(config::kVersion)}};
  Draft draft(path);
  if (const auto made = draft.make_folder(); !made.ok()) {
    return made.problem();
  }
  std::vector<EmbeddedFile> files = files_of(kind);
  std::vector<std::string> names;
  names.reserve(files.size());
  for (EmbeddedFile& file : files) {
    // The settings are called as the application is.
    names.push_back(filled(file.name, fillings));
    file.name = names.back();
    const auto written = draft.write(file.name, filled(file.text, fillings));
    if (!written.ok()) {
      return written.problem();
    }
  }
  draft.keep();
  return told(path, files, commands_of(kind, name, program), package, program);
}

}  // namespace prefork::scaffold
