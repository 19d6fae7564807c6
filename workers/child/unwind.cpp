#include "workers/child/unwind.h"

#include <dlfcn.h>
#include <unwind.h>

#include <cstdint>

namespace prefork::child {

namespace {

// Frames of the handler, above the one that was interrupted.
constexpr int kMaxHandlerFrames = 16;

struct Walk {
  std::uint64_t interrupted_at = 0;
  ipc::CallStack* stack = nullptr;
  int handler_frames = 0;
  bool is_past_handler = false;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int is_exact = 0;
  const std::uint64_t address = ::_Unwind_GetIPInfo(context, &is_exact);
  if (!walk.is_past_handler) {
    walk.is_past_handler = address == walk.interrupted_at;
    if (!walk.is_past_handler) {
      return ++walk.handler_frames < kMaxHandlerFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
    }
  }
  // A return address is behind the call, which may be the last of its function.
  return address != 0 && walk.stack->add(is_exact != 0 ? address : address - 1) ? _URC_NO_REASON
                                                                                : _URC_END_OF_STACK;
}

std::uint64_t program_counter(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.pc;
#else
  return 0;
#endif
}

// A call to where no code is: the function that called it is found through the return address.
class AsIfReturned {
 public:
  explicit AsIfReturned(ucontext_t& context) : context_(context), before_(context) {
#if defined(__x86_64__)
    auto& registers = context_.uc_mcontext.gregs;
    const auto* const top = reinterpret_cast<const greg_t*>(registers[REG_RSP]);
    registers[REG_RIP] = *top - 1;
    registers[REG_RSP] += static_cast<greg_t>(sizeof(void*));
#elif defined(__aarch64__)
    context_.uc_mcontext.pc = context_.uc_mcontext.regs[30] - 1;
#endif
  }
  ~AsIfReturned() { context_.uc_mcontext = before_.uc_mcontext; }
  AsIfReturned(const AsIfReturned&) = delete;
  AsIfReturned& operator=(const AsIfReturned&) = delete;

 private:
  ucontext_t& context_;
  const ucontext_t before_;
};

// Whether an object of the loader has it. libgcc reads the bytes at an address it knows nothing of.
bool is_code(std::uint64_t address) {
#if defined(DLFO_STRUCT_HAS_EH_DBASE)
  dl_find_object found{};
  return ::_dl_find_object(reinterpret_cast<void*>(address), &found) == 0;
#else
  return address != 0;
#endif
}

void walk_from(ucontext_t& interrupted, ipc::CallStack& stack) {
  Walk walk;
  walk.interrupted_at = program_counter(interrupted);
  walk.stack = &stack;
  ::_Unwind_Backtrace(take_frame, &walk);
}

}  // namespace

void unwind(ucontext_t& interrupted, ipc::CallStack& stack) {
  stack.clear();
  if (is_code(program_counter(interrupted))) {
    return walk_from(interrupted, stack);
  }
  stack.add(program_counter(interrupted));
  const AsIfReturned caller(interrupted);
  walk_from(interrupted, stack);
}

}  // namespace prefork::child
