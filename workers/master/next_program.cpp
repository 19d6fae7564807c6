#include "workers/master/next_program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace prefork::master {

namespace {

// As execve(2) wants them; the texts outlive it.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

int become(const NextProgram& next, const config::Environment& environment) {
  std::vector<std::string> words = {program_invocation_name};
  words.insert(words.end(), next.arguments.begin(), next.arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) {
    variables.push_back(name + "=" + value);
  }
  const std::vector<char*> argv = pointers_to(words);
  const std::vector<char*> envp = pointers_to(variables);
  if (next.path.empty()) {
    ::syscall(SYS_execveat, next.fd, "", argv.data(), envp.data(), AT_EMPTY_PATH);
  } else {
    ::execve(next.path.c_str(), argv.data(), envp.data());
  }
  return errno;
}

}  // namespace prefork::master
