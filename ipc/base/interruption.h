// That somebody wants a command to end which has something to clear up: SIGINT, SIGTERM, SIGHUP.
// Of the whole process; any thread may ask.
#pragma once

namespace prefork::ipc {

// From now on the first of these signals is only noted; the next one has its default action.
// Programs that are started do not inherit that. Threads that wait in a system call are woken with
// EINTR.
void note_interruptions();
[[nodiscard]] bool is_interrupted();

}  // namespace prefork::ipc
