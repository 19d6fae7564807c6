// How many files may be open. The server takes all it may have; programs that an application starts
// get what the service was started with, for some cannot cope with more (select(2)). Process-wide.
#pragma once

namespace prefork::child {

// Once, in the master, before the first fork.
void raise_file_limit();

// In a process that will run something else: as it was before. Safe between fork and exec.
void restore_file_limit();

}  // namespace prefork::child
