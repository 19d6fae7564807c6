// How many files may be open. The server takes all it may have; programs that an application starts
// get what the service was started with, for some cannot cope with more (select(2)). Process-wide.
#pragma once

#include <cstdint>

namespace prefork::child {

// What the service was started with.
struct FileLimit {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool is_raised = false;  // since
};

// Once, in the master, before the first fork.
void raise_file_limit();

FileLimit file_limit_before();
// In a process that was started anew, under the raised limit.
void remember_file_limit(const FileLimit& before);

// In a process that will run something else: as it was before. Safe between fork and exec.
void restore_file_limit();

}  // namespace prefork::child
