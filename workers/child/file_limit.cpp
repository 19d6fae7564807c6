#include "workers/child/file_limit.h"

#include <sys/resource.h>

namespace prefork::child {

namespace {

rlimit started_with{};
bool is_raised = false;

}  // namespace

void raise_file_limit() {
  if (::getrlimit(RLIMIT_NOFILE, &started_with) != 0 ||
      started_with.rlim_cur >= started_with.rlim_max) {
    return;
  }
  rlimit raised = started_with;
  raised.rlim_cur = raised.rlim_max;
  is_raised = ::setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

FileLimit file_limit_before() { return {started_with.rlim_cur, started_with.rlim_max, is_raised}; }

void remember_file_limit(const FileLimit& before) {
  started_with = {before.soft, before.hard};
  is_raised = before.is_raised;
}

void restore_file_limit() {
  if (is_raised) {
    ::setrlimit(RLIMIT_NOFILE, &started_with);
  }
}

}  // namespace prefork::child
