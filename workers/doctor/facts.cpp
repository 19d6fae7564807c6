#include "workers/doctor/facts.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

#include "config/base/number.h"
#include "config/checks/cpu_count.h"

namespace prefork::doctor {

namespace {

constexpr unsigned kNetBindService = 10;  // CAP_NET_BIND_SERVICE

std::string first_line_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& path) {
  const auto number = config::parse_number(first_line_of(path));
  if (!number || *number < 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

std::optional<std::uint64_t> limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) {
    return std::nullopt;
  }
  return limit.rlim_max;
}

// "always [madvise] never"
std::string chosen_of(const std::string& choices) {
  const std::size_t begin = choices.find('[');
  const std::size_t end = choices.find(']');
  return begin == choices.npos || end == choices.npos || end < begin
             ? ""
             : choices.substr(begin + 1, end - begin - 1);
}

// The unified hierarchy's, see cgroups(7).
std::filesystem::path cgroup_folder(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) {
      return root / "sys/fs/cgroup" / line.substr(4);
    }
  }
  return root / "sys/fs/cgroup";
}

bool has_capability(const std::filesystem::path& root, unsigned number) {
  constexpr std::string_view kField = "CapEff:\t";
  std::ifstream file(root / "proc/self/status");
  for (std::string line; std::getline(file, line);) {
    std::uint64_t set = 0;
    if (line.starts_with(kField)) {
      std::from_chars(line.data() + kField.size(), line.data() + line.size(), set, 16);
      return (set >> number & 1U) != 0;
    }
  }
  return ::geteuid() == 0;
}

bool can_make_memfd() {
  const int fd = ::memfd_create("prefork-doctor", MFD_CLOEXEC);
  if (fd >= 0) {
    ::close(fd);
  }
  return fd >= 0;
}

std::optional<std::uint64_t> free_bytes_of(const std::filesystem::path& folder) {
  struct statvfs about {};
  if (::statvfs(folder.c_str(), &about) != 0) {
    return std::nullopt;
  }
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

}  // namespace

Facts read_facts(const std::filesystem::path& root) {
  const std::filesystem::path settings = root / "proc/sys";
  const std::filesystem::path cgroup = cgroup_folder(root);
  Facts facts;
  facts.is_root = ::geteuid() == 0;
  facts.may_bind_low_ports = has_capability(root, kNetBindService);
  facts.has_memfd = can_make_memfd();
  facts.open_files = limit_of(RLIMIT_NOFILE);
  facts.processes = limit_of(RLIMIT_NPROC);
  facts.pids = number_in(cgroup / "pids.max");
  facts.core_bytes = limit_of(RLIMIT_CORE);
  facts.memory = number_in(cgroup / "memory.max");
  facts.cpu_quota = config::cgroup_cpu_quota(root);
  facts.somaxconn = number_in(settings / "net/core/somaxconn");
  facts.overcommit = number_in(settings / "vm/overcommit_memory");
  facts.ptrace_scope = number_in(settings / "kernel/yama/ptrace_scope");
  facts.first_free_port = number_in(settings / "net/ipv4/ip_unprivileged_port_start");
  facts.shm_free = free_bytes_of(root / "dev/shm");
  facts.huge_pages = chosen_of(first_line_of(root / "sys/kernel/mm/transparent_hugepage/enabled"));
  facts.core_pattern = first_line_of(settings / "kernel/core_pattern");
  facts.clock_source =
      first_line_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  return facts;
}

}  // namespace prefork::doctor
