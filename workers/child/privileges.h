// Whom a child acts for: with --user it becomes that user, for good, before a line of the
// application runs in it. The master stays who it was started as, for it has to open logs anew and
// bind what a reload names; it runs nothing foreign and reads nothing from the network (nginx,
// Apache and PHP-FPM divide it so). Children only.
#pragma once

#include <string_view>

#include "config/base/result.h"
#include "config/options/options.h"

namespace prefork::child {

// --chdir, --umask and --user, in this order: in a child's only thread, before anything foreign,
// and again without effect in those that its fork server has done it for. Ids, groups, capabilities
// and no_new_privs are read back; a problem means that the process must not serve. Clears
// PR_SET_PDEATHSIG, see die_with().
config::Result<void> enter_service(const config::Options& options);

// Whether a text as that of /proc/self/status says that its process is this account, all its ids
// and groups, without capabilities and with no way to get any. The problem names what is not so.
config::Result<void> check_status(std::string_view status, const config::Account& account);

}  // namespace prefork::child
