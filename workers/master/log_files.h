// The files of logs where children act for another user than the master (--user): each opens them
// by itself, the first time and after USR1, so they have to be there as that user's. Master only.
#pragma once

#include "config/options/options.h"

namespace prefork::master {

// Makes those that are not there. What is there stays as it is, links with it: whoever may write to
// the folder could otherwise have any file of the machine made his own.
void provide_log_files(const config::Options& options);

}  // namespace prefork::master
