// What a thread of a worker is in, seen from outside: /proc tells whether it runs or which system
// call it waits in (proc_pid_syscall(5)), and where its stack is. A thread that waits is not sent a
// signal: calls with a time limit, such as nanosleep(2) and poll(2), would end early with EINTR in
// an application that does not expect it. Its stack is read instead. Linux only; what cannot be
// read is as if there were nothing to say. Throws nothing but std::bad_alloc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ipc/object_table.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

struct ThreadLook {
  enum class Kind : std::uint8_t {
    unknown,
    interruptible,  // it runs, or waits in a call that goes on after a signal
    waits,          // in a call that a signal would end
  };

  Kind kind = Kind::unknown;
  // Of one that waits.
  std::uint64_t stack_pointer = 0;
  std::uint64_t program_counter = 0;
};

ThreadLook look_at_thread(supervision::Pid pid, std::int32_t thread);
// What the file says.
ThreadLook parse_thread_look(std::string_view text);

// The return addresses on the stack of one that waits: words that point behind a call instruction
// in one of the objects. One of them may be left from a call that has returned.
std::vector<std::uint64_t> scan_stack(supervision::Pid pid, const ThreadLook& look,
                                      const std::vector<ipc::LoadedObject>& objects);

// Whether the last of these bytes are those of a call; always true where nobody knows.
inline constexpr std::size_t kLongestCall = 7;
bool ends_with_call(const std::array<std::uint8_t, kLongestCall>& code);

}  // namespace prefork::master
