// A program started by a test, in a process group of its own, with a clean environment and only the
// descriptors it is given. Whatever happens to the test program, the child does not outlive it. One
// thread, the one that started it.
#pragma once

#include <sys/types.h>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/waiting.h"

namespace prefork::test {

struct Launch {
  std::string program;  // empty: the server's binary
  std::vector<std::string> arguments;
  // Beside PATH and what sanitizers want to know.
  std::map<std::string, std::string> environment;
  // Descriptors of the child and what they are here.
  std::map<int, int> descriptors;
  std::string working_folder;  // empty: that of the test
  std::string stdout_path = "/dev/null";
  std::string stderr_path = "/dev/null";
  bool without_standard_descriptors = false;  // 0, 1 and 2 are closed
  std::optional<unsigned> limit_open_files;   // soft and hard
  std::optional<unsigned> limit_open_files_softly;
  std::optional<unsigned> limit_processes;  // of the user, who is not root
  std::vector<int> ignored_signals;
  int terminal = -1;          // to be its controlling terminal, in a session of its own
  bool without_proc = false;  // needs root
  std::string cgroup_folder;  // stands at /sys/fs/cgroup; needs root
  std::optional<uid_t> user;  // needs root
  // A ServerProcess takes a free port for each address that nobody names, but for this one.
  bool has_default_admin = false;
};

// Of the server; without a control socket, unless the arguments name one.
Launch launch_of(const std::vector<std::string>& arguments);

struct Exit {
  int code = -1;   // -1: ended by a signal
  int signal = 0;  // 0: ended by itself
  friend bool operator==(const Exit&, const Exit&) = default;
};
std::ostream& operator<<(std::ostream& stream, const Exit& exit);

inline Exit exit_code(int code) { return {code, 0}; }
inline Exit killed_by(int signal) { return {-1, signal}; }

class ChildProcess {
 public:
  // Throws std::system_error.
  explicit ChildProcess(const Launch& launch);
  // Ends the whole group, if anything of it is left.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Also the number of its process group.
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool has_ended() const { return exit_.has_value(); }

  // Nothing when it still runs at the end of that time.
  std::optional<Exit> wait(Milliseconds within);

 private:
  pid_t pid_ = -1;
  std::optional<Exit> exit_;
};

}  // namespace prefork::test
