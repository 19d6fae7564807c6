#include "workers/child/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "ipc/base/error_text.h"

namespace prefork::child {

namespace {

config::Problem cannot(const std::string& what) {
  return config::Problem{what + ": " + std::string(ipc::error_text(errno))};
}

// What stands behind "Name:" in its line; empty: there is no such line.
std::string field_of(std::string_view status, const std::string& name) {
  std::istringstream lines{std::string(status)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) {
      return line.substr(name.size() + 1);
    }
  }
  return "";
}

std::vector<std::uint32_t> numbers_in(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::uint32_t>(words), std::istream_iterator<std::uint32_t>()};
}

std::string read_own_status() {
  std::ifstream file("/proc/self/status");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A user who is not root may not lower it any more, and --nice is applied later. Where root may not
// raise limits (a container without CAP_SYS_RESOURCE) it is lowered here, for all children.
void allow_nice(const config::ProcessOptions& processes) {
  if (processes.nice.value_or(0) < 0) {
    const auto highest = static_cast<rlim_t>(20 - *processes.nice);
    const rlimit limit{highest, highest};
    if (::setrlimit(RLIMIT_NICE, &limit) != 0) {
      ::setpriority(PRIO_PROCESS, 0, *processes.nice);
    }
  }
}

config::Result<void> become(const config::Account& account) {
  const std::vector<gid_t> groups(account.groups.begin(), account.groups.end());
  // While there is still the right to: the kernel's list ends where it says EINVAL.
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  if (::setgroups(groups.size(), groups.data()) != 0) {
    return cannot("setgroups");
  }
  if (::setresgid(account.gid, account.gid, account.gid) != 0) {
    return cannot("setresgid");
  }
  if (::setresuid(account.uid, account.uid, account.uid) != 0) {
    return cannot("setresuid");
  }
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::syscall(SYS_capset, &head, none.data()) != 0) {
    return cannot("capset");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return cannot("PR_SET_NO_NEW_PRIVS");
  }
  // Changing the user has taken it away: without it there is no core dump, and the observer may not
  // read how much memory a worker has.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return {};
}

config::Problem refused(const config::Options& options, const std::string& why) {
  return config::Problem{"--user " + options.service.user + ": " + why +
                         "; it does not serve as anybody else"};
}

config::Result<void> act_for(const config::Account& account, const config::Options& options) {
  if (check_status(read_own_status(), account).ok()) {
    return {};  // by its fork server
  }
  allow_nice(options.processes);
  if (const auto became = become(account); !became.ok()) {
    return refused(options, became.problem().text);
  }
  if (const auto is_so = check_status(read_own_status(), account); !is_so.ok()) {
    return refused(options, is_so.problem().text);
  }
  return {};
}

}  // namespace

config::Result<void> enter_service(const config::Options& options) {
  const config::ServiceOptions& service = options.service;
  if (!service.chdir.empty() && ::chdir(service.chdir.c_str()) != 0) {
    return cannot("--chdir " + service.chdir);
  }
  if (service.umask) {
    ::umask(*service.umask);
  }
  return service.account ? act_for(*service.account, options) : config::Result<void>();
}

config::Result<void> check_status(std::string_view status, const config::Account& account) {
  // Real, effective, saved, and that of the file system.
  if (numbers_in(field_of(status, "Uid")) != std::vector(4, account.uid)) {
    return config::Problem{"it is user" + field_of(status, "Uid")};
  }
  if (numbers_in(field_of(status, "Gid")) != std::vector(4, account.gid)) {
    return config::Problem{"its group is" + field_of(status, "Gid")};
  }
  std::vector<std::uint32_t> groups = numbers_in(field_of(status, "Groups"));
  std::sort(groups.begin(), groups.end());
  if (groups != account.groups) {
    return config::Problem{"its groups are" + field_of(status, "Groups")};
  }
  for (const char* const name : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    const std::string set = field_of(status, name);
    if (set.empty() || set.find_first_not_of("\t 0") != set.npos) {
      return config::Problem{std::string("it has capabilities (") + name + ":" + set + ")"};
    }
  }
  if (numbers_in(field_of(status, "NoNewPrivs")) != std::vector(1, 1U)) {
    return config::Problem{"it may get new privileges (no_new_privs is not set)"};
  }
  return {};
}

}  // namespace prefork::child
