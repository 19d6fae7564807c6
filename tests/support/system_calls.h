// Counts the system calls of another process by ptrace(2), so exactly, and without privileges for a
// descendant of this one. One thread at a time.
#pragma once

#include <sys/types.h>
#include <optional>

#include "tests/support/waiting.h"

namespace prefork::test {

// Those that all threads of `process` begin within the time, which begins when all of them wait for
// something. Being attached to interrupts what each waits for; that it waits again is not counted.
// Threads that are started meanwhile are not seen. Nothing: this system permits no tracing, or they
// never rest.
std::optional<int> count_system_calls(pid_t process, Milliseconds during);

}  // namespace prefork::test
