// check_classes ROOT
//
// Fails when a class is more than one object. In config/, ipc/, server/ and workers/:
//
//   files      a class is defined over at most two .cpp files
//   functions  a class has at most 40: of those that its body declares and those that are defined
//              outside of it the larger number
//   data       a class has at most 20 data members
//   friend     no class is the friend of another, but for a struct of callbacks for a C library,
//              whose name ends with `Callbacks`
//   lines      a file has at most 420
//
// Excepted are the public headers in server/include, which serve those who write applications. What
// else does not keep to this yet is listed in kExceptions; an exception that no longer applies
// fails too.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/source/class_scan.h"

namespace prefork::test {
namespace {

constexpr std::size_t kMaxFiles = 2;
constexpr int kMaxFunctions = 40;
constexpr int kMaxDataMembers = 20;
constexpr std::ptrdiff_t kMaxLines = 420;
constexpr std::string_view kCallbacks = "Callbacks";

// A rule, and what need not keep to it yet.
constexpr std::string_view kExceptions = R"(
)";

struct Class {
  int declared = 0;
  int data_members = 0;
  int defined_outside = 0;
  std::set<std::string> files;
};

class Check {
 public:
  explicit Check(std::filesystem::path root) : root_(std::move(root)) {}

  // Returns what main() does.
  int run() {
    for (const char* top : {"config", "ipc", "server", "workers"}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ / top)) {
        const auto extension = entry.path().extension();
        if (extension == ".h" || extension == ".cpp") read(entry.path());
      }
    }
    for (const auto& [name, shape] : classes_) judge(name, shape);
    report_stale_exceptions();
    for (const std::string& problem : problems_) std::printf("%s\n", problem.c_str());
    std::printf("%zu classes in %zu files, %zu problems\n", classes_.size(), files_,
                problems_.size());
    return problems_.empty() && !classes_.empty() ? 0 : 1;
  }

 private:
  void read(const std::filesystem::path& path) {
    const std::string file = path.lexically_relative(root_).generic_string();
    if (file.starts_with("server/include/")) return;
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string text = content.str();
    ++files_;
    const std::ptrdiff_t lines = std::count(text.begin(), text.end(), '\n');
    if (lines > kMaxLines) complain("lines", file, "has " + std::to_string(lines) + " lines");

    const FileShape shape = scan_classes(text, file);
    for (const ClassShape& found : shape.classes) {
      Class& known = classes_[found.name];
      known.declared += found.functions;
      known.data_members += found.data_members;
      judge_friends(found);
    }
    for (const std::string& name : shape.defined_outside) {
      Class& known = defined_[name];
      ++known.defined_outside;
      if (path.extension() == ".cpp") known.files.insert(file);
    }
  }

  void judge_friends(const ClassShape& shape) {
    for (const std::string& name : shape.friends) {
      if (!name.ends_with(kCallbacks)) complain("friend", shape.name, "has the friend " + name);
    }
  }

  void judge(const std::string& name, const Class& declared) {
    const Class& outside = defined_[name];
    if (outside.files.size() > kMaxFiles) {
      std::string where;
      for (const std::string& file : outside.files) where += " " + file;
      complain("files", name, "is defined over" + where);
    }
    const int functions = std::max(declared.declared, outside.defined_outside);
    if (functions > kMaxFunctions) {
      complain("functions", name, "has " + std::to_string(functions) + " functions");
    }
    if (declared.data_members > kMaxDataMembers) {
      complain("data", name, "has " + std::to_string(declared.data_members) + " data members");
    }
  }

  void complain(std::string_view rule, const std::string& subject, const std::string& what) {
    const auto exception = exceptions_.find({std::string(rule), subject});
    if (exception != exceptions_.end()) {
      exception->second = true;
    } else {
      problems_.push_back(std::string(rule) + ": " + subject + " " + what);
    }
  }

  void report_stale_exceptions() {
    for (const auto& [exception, used] : exceptions_) {
      if (used) continue;
      problems_.push_back("exceptions: " + exception.second + " needs none any more for " +
                          exception.first);
    }
  }

  static std::map<std::pair<std::string, std::string>, bool> read_exceptions() {
    std::map<std::pair<std::string, std::string>, bool> exceptions;
    std::istringstream lines{std::string(kExceptions)};
    std::string rule;
    std::string subject;
    while (lines >> rule >> subject) exceptions[{rule, subject}] = false;
    return exceptions;
  }

  std::filesystem::path root_;
  std::size_t files_ = 0;
  std::map<std::string, Class> classes_;
  std::map<std::string, Class> defined_;
  std::map<std::pair<std::string, std::string>, bool> exceptions_ = read_exceptions();  // used
  std::vector<std::string> problems_;
};

}  // namespace
}  // namespace prefork::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: check_classes ROOT\n");
    return 2;
  }
  return prefork::test::Check(argv[1]).run();
}
