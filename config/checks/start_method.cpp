#include "config/checks/start_method.h"

#include <unistd.h>

#include <string>

namespace prefork::config {

void resolve_start_method(Merged& merged) {
  ProcessOptions& processes = merged.options.processes;
  Origin& method = merged.origin("start-method");
  const Origin& preload = merged.origin("preload");
  if (!method.is_valid || !preload.is_valid) return;
  if (processes.preload && method.level == Level::by_default) {
    processes.start_method = StartMethod::forkserver;
    method.text += " with --preload";
  }
  if (processes.preload && processes.start_method != StartMethod::forkserver) {
    merged.add_error(method.source,
                     std::string(to_string(processes.start_method)) +
                         " does not go together with --preload (" + preload.text +
                         "): the master never runs the application; use forkserver, or leave one "
                         "of the two out");
  }
  // The path that it was started by may name another file by now.
  if (processes.start_method == StartMethod::spawn && access("/proc/self/exe", X_OK) != 0) {
    merged.add_error(method.source,
                     "spawn starts the file again that runs (/proc/self/exe), and it cannot be "
                     "found; mount /proc, or use fork or forkserver");
  }
}

}  // namespace prefork::config
