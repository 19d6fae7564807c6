#include "config/checks/account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <system_error>
#include <vector>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

// An entry with all its texts; a group may have thousands of members.
constexpr std::size_t kFirstEntryBytes = 4096;
constexpr std::size_t kMostEntryBytes = std::size_t{1} << 20U;
constexpr int kMostGroups = 65'536;  // NGROUPS_MAX of the kernel

// All but the last, which stands for none (setresuid(2)).
std::optional<std::uint32_t> parse_id(const std::string& text) {
  const auto number = parse_number(text);
  if (!number || *number < 0 || *number >= std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

// Calls one of the reentrant functions with as much room as it wants. Null: there is no such entry,
// or `error` says why nobody knows.
template <typename Entry, typename Key, typename Find>
const Entry* find_entry(Find find, Key key, Entry& entry, std::vector<char>& room, int& error) {
  Entry* found = nullptr;
  for (room.resize(kFirstEntryBytes); room.size() <= kMostEntryBytes;
       room.resize(room.size() * 2)) {
    error = find(key, &entry, room.data(), room.size(), &found);
    if (error != ERANGE) break;
  }
  return found;
}

Problem unknown(const char* what, const std::string& name, int error) {
  // What the functions say of a name that is not there differs (getpwnam(3)).
  const bool is_missing =
      error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
  return Problem{
      "there is no " + std::string(what) + " " + in_quotes(name) +
      (is_missing ? "; create it or name another" : ": " + std::generic_category().message(error))};
}

Result<std::uint32_t> find_group(const std::string& group) {
  if (const auto gid = parse_id(group)) return *gid;
  struct ::group entry {};
  std::vector<char> room;
  int error = 0;
  const auto* const found = find_entry(::getgrnam_r, group.c_str(), entry, room, error);
  if (found == nullptr) return unknown("group", group, error);
  return static_cast<std::uint32_t>(found->gr_gid);
}

std::vector<std::uint32_t> groups_of(const char* name, gid_t gid) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(name, gid, groups.data(), &count) < 0 && count <= kMostGroups &&
         count > static_cast<int>(groups.size())) {
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(std::min(groups.size(), static_cast<std::size_t>(std::max(count, 0))));
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return {groups.begin(), groups.end()};
}

}  // namespace

Result<Account> find_account(const std::string& user, const std::string& group) {
  struct ::passwd entry {};
  std::vector<char> room;
  int error = 0;
  const auto uid = parse_id(user);
  const auto* const found = uid ? find_entry(::getpwuid_r, *uid, entry, room, error)
                                : find_entry(::getpwnam_r, user.c_str(), entry, room, error);
  if (found == nullptr && !uid) return unknown("user", user, error);
  Account account;
  account.uid = found != nullptr ? static_cast<std::uint32_t>(found->pw_uid) : *uid;
  if (!group.empty()) {
    const auto gid = find_group(group);
    if (!gid.ok()) return Problem{"--group: " + gid.problem().text};
    account.gid = gid.value();
  } else if (found != nullptr) {
    account.gid = static_cast<std::uint32_t>(found->pw_gid);
  } else {
    return Problem{"user " + user + " has no entry that names a group; give --group too"};
  }
  account.groups = found != nullptr ? groups_of(found->pw_name, account.gid)
                                    : std::vector<std::uint32_t>{account.gid};
  return account;
}

void resolve_account(Merged& merged) {
  ServiceOptions& service = merged.options.service;
  const Origin& user = merged.origin("user");
  const Origin& group = merged.origin("group");
  if (!user.is_valid || !group.is_valid) return;
  if (service.user.empty()) {
    if (!service.group.empty()) {
      merged.add_error(group.source, "has no effect without --user; give both or none");
    }
    return;
  }
  auto account = find_account(service.user, service.group);
  if (!account.ok()) {
    merged.add_error(user.source, account.problem().text);
    return;
  }
  // Whoever says root means that nothing is given up.
  if (account.value().uid == 0) {
    if (!service.group.empty()) {
      merged.add_error(group.source, "root gives nothing up; leave --group out");
    }
    return;
  }
  if (geteuid() != 0) {
    merged.add_error(user.source, "only root can become " + in_quotes(service.user) +
                                      ", and this is user " + std::to_string(geteuid()) +
                                      "; leave it out, or start as root");
    return;
  }
  service.account = std::move(account).value();
}

}  // namespace prefork::config
