#include "workers/master/thread_look.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "ipc/base/owned_fd.h"
#include "ipc/call_stack.h"

namespace prefork::master {

namespace {

constexpr std::size_t kScannedBytes = std::size_t{16} << 10;
// Words that look like addresses of code: more are not looked at.
constexpr int kMaxCandidates = 512;

std::size_t read_memory(supervision::Pid pid, std::uint64_t address, void* bytes,
                        std::size_t size) {
  const iovec local{bytes, size};
  const iovec remote{reinterpret_cast<void*>(address), size};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// The next number of a line of them, in hexadecimal digits but for the first.
std::uint64_t take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  const bool is_hex = text.starts_with("0x");
  text.remove_prefix(is_hex ? 2 : 0);
  std::uint64_t number = 0;
  const char* const end =
      std::from_chars(text.data(), text.data() + text.size(), number, is_hex ? 16 : 10).ptr;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

ThreadLook parse_thread_look(std::string_view text) {
  ThreadLook look;
  // Without a number it waits for something else than a call.
  if (text.starts_with("running") || text.starts_with("-1")) {
    look.kind = ThreadLook::Kind::interruptible;
    return look;
  }
  if (text.empty() || text.front() < '0' || text.front() > '9') {
    return look;
  }
  const std::uint64_t call = take_number(text);
  std::array<std::uint64_t, 6> arguments{};
  for (std::uint64_t& argument : arguments) {
    argument = take_number(text);
  }
  look.stack_pointer = take_number(text);
  look.program_counter = take_number(text);
  const bool waits_without_limit = call == SYS_futex && arguments[3] == 0;
  look.kind = waits_without_limit ? ThreadLook::Kind::interruptible : ThreadLook::Kind::waits;
  return look;
}

ThreadLook look_at_thread(supervision::Pid pid, std::int32_t thread) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/task/%d/syscall", static_cast<int>(pid),
                static_cast<int>(thread));
  std::array<char, 256> text{};
  const ipc::OwnedFd file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  return parse_thread_look({text.data(), size > 0 ? static_cast<std::size_t>(size) : 0});
}

bool ends_with_call([[maybe_unused]] const std::array<std::uint8_t, kLongestCall>& code) {
#if defined(__x86_64__)
  constexpr std::uint8_t kCallNear = 0xE8;
  constexpr std::uint8_t kGroup5 = 0xFF;  // of which 2 is a call through a register or memory
  if (code[kLongestCall - 5] == kCallNear) {
    return true;
  }
  for (std::size_t size = 2; size <= kLongestCall; ++size) {
    const std::size_t at = kLongestCall - size;
    if (code[at] == kGroup5 && (code[at + 1] >> 3U & 7U) == 2) {
      return true;
    }
  }
  return false;
#else
  return true;
#endif
}

std::vector<std::uint64_t> scan_stack(supervision::Pid pid, const ThreadLook& look,
                                      const std::vector<ipc::LoadedObject>& objects) {
  std::vector<std::uint64_t> stack = {look.program_counter};
  std::vector<std::uint64_t> words(kScannedBytes / sizeof(std::uint64_t));
  const std::size_t size = read_memory(pid, look.stack_pointer, words.data(), kScannedBytes);
  words.resize(size / sizeof(std::uint64_t));
  int candidates = 0;
  for (const std::uint64_t word : words) {
    const ipc::LoadedObject* const object = ipc::find_object(objects, word);
    if (object == nullptr || word - object->start < kLongestCall) {
      continue;
    }
    std::array<std::uint8_t, kLongestCall> code{};
    if (++candidates > kMaxCandidates || stack.size() == ipc::CallStack::kMaxFrames) {
      break;
    }
    if (read_memory(pid, word - kLongestCall, code.data(), code.size()) == code.size() &&
        ends_with_call(code)) {
      stack.push_back(word - 1);
    }
  }
  return stack;
}

}  // namespace prefork::master
