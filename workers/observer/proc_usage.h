// What the kernel knows of another process, from /proc (proc(5)). Any process may ask about those
// of the same user.
#pragma once

#include <cstdint>
#include <optional>

namespace prefork::observer {

struct ProcUsage {
  std::uint64_t cpu_us = 0;  // user and system
  std::uint64_t resident_bytes = 0;
};

// Nothing when the process is gone or may not be looked at.
std::optional<ProcUsage> read_proc_usage(std::int32_t pid);

// Its memory, of which what n processes share counts as one nth (PSS). Takes the kernel a walk over
// all of it: milliseconds for a gigabyte.
std::optional<std::uint64_t> read_proportional_bytes(std::int32_t pid);

}  // namespace prefork::observer
