// What `prefork-server doctor` looks at: limits of this process, settings of the kernel, the
// cgroup. Plain values; this is the one place that reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace prefork::doctor {

// None, and an empty text: it cannot be told here, or there is no limit where it says so.
struct Facts {
  bool is_root = false;
  bool may_bind_low_ports = false;
  bool has_memfd = false;
  std::optional<std::uint64_t> open_files;  // hard; none: no limit
  std::optional<std::uint64_t> processes;   // of the user, threads counted; none: no limit
  std::optional<std::uint64_t> pids;        // of the cgroup, likewise
  std::optional<std::uint64_t> core_bytes;  // none: no limit
  std::optional<std::uint64_t> memory;      // of the cgroup; none: no limit
  std::optional<double> cpu_quota;          // in CPUs; none: no quota
  std::optional<std::uint64_t> somaxconn;
  std::optional<std::uint64_t> overcommit;    // vm.overcommit_memory
  std::optional<std::uint64_t> ptrace_scope;  // none: no Yama, which is 0
  std::optional<std::uint64_t> first_free_port;
  std::optional<std::uint64_t> shm_free;  // bytes of /dev/shm
  std::string huge_pages;                 // "always", "madvise", "never"
  std::string core_pattern;
  std::string clock_source;
};

// `root` is the folder that holds `proc`, `sys` and `dev`.
Facts read_facts(const std::filesystem::path& root = "/");

}  // namespace prefork::doctor
