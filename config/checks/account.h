// Finds out whom --user and --group name, in the databases of the machine (nsswitch.conf(5)): in
// the master and before it forks, so that no child loads their modules or waits for them.
#pragma once

#include <string>

#include "config/base/result.h"
#include "config/sources/merge.h"
#include "config/values/account.h"

namespace prefork::config {

// `user` and `group` are names or numbers; an empty `group` is that of the user. With the groups
// that the user is a member of.
Result<Account> find_account(const std::string& user, const std::string& group);

// Makes Options::service.account.
void resolve_account(Merged& merged);

}  // namespace prefork::config
