#include "config/checks/cross_checks.h"

#include <fcntl.h>

#include "config/base/working_folder.h"
#include "config/checks/path_checks.h"
#include "config/options/pool_options.h"
#include "config/values/byte_size.h"

namespace prefork::config {
namespace {

bool are_valid(const Merged& merged, std::string_view first, std::string_view second) {
  return merged.origin(first).is_valid && merged.origin(second).is_valid;
}

// `the 1m of --limit-body (default)`: another option as part of a message.
std::string describe(const Merged& merged, std::string_view option) {
  const auto texts = field_texts(find_option(option)->field, merged.options);
  return "the " + texts.front() + " of --" + std::string(option) + " (" +
         merged.origin(option).text + ")";
}

void check_jitter(Merged& merged) {
  const Options& options = merged.options;
  if (!are_valid(merged, "limit-max-requests", "limit-max-requests-jitter")) return;
  if (options.processes.max_requests_jitter.value_or(0) == 0) return;
  if (options.processes.max_requests != 0) return;
  merged.add_error(merged.origin("limit-max-requests-jitter").source,
                   "has no effect while --limit-max-requests is 0 (" +
                       merged.origin("limit-max-requests").text + "); set both or none");
}

// It is the observer who looks.
void check_worker_memory(Merged& merged) {
  const Options& options = merged.options;
  if (options.recycling.max_memory == 0) {
    const Origin& interval = merged.origin("memory-interval");
    if (interval.level == Level::by_default || !interval.is_valid) return;
    if (!merged.origin("max-worker-memory").is_valid) return;
    return merged.add_error(interval.source, "has no effect while --max-worker-memory is 0 (" +
                                                 merged.origin("max-worker-memory").text +
                                                 "); set both or none");
  }
  if (options.control.is_on || options.admin.address) return;
  if (!are_valid(merged, "admin", "control")) return;
  merged.add_error(merged.origin("max-worker-memory").source,
                   "nobody would look while both --admin and --control are off; turn one of them "
                   "on");
}

// It is the observer who sends.
void check_tracing(Merged& merged) {
  const Options& options = merged.options;
  if (options.tracing.mode != TraceMode::otlp) return;
  if (options.control.is_on || options.admin.address) return;
  if (!are_valid(merged, "admin", "control") || !merged.origin("trace").is_valid) return;
  merged.add_error(merged.origin("trace").source,
                   "nobody would send the spans while both --admin and --control are off; turn one "
                   "of them on");
}

void check_header_sizes(Merged& merged) {
  const Options& options = merged.options;
  if (!are_valid(merged, "limit-request-line", "limit-header-bytes")) return;
  if (options.limits.header_bytes >= options.limits.request_line) return;
  // Told where somebody wrote something: the default of the other one is not to blame.
  const Origin& request_line = merged.origin("limit-request-line");
  if (request_line.level != Level::by_default) {
    merged.add_error(request_line.source,
                     format_byte_size(options.limits.request_line) + " is more than " +
                         describe(merged, "limit-header-bytes") + "; lower this or raise that");
  } else {
    merged.add_error(merged.origin("limit-header-bytes").source,
                     format_byte_size(options.limits.header_bytes) + " is less than " +
                         describe(merged, "limit-request-line") + "; raise this or lower that");
  }
}

// Whoever opens it anew may be in another folder by then.
void check_log_file(Merged& merged, std::string_view option, std::string& path) {
  if (const auto usable = check_log_path(path); !usable.ok()) {
    merged.add_error(merged.origin(option).source, usable.problem().text);
  }
  path = absolute_path(path, merged.working_folder);
}

void check_log_paths(Merged& merged) {
  LogOptions& logging = merged.options.logging;
  if (!logging.file.empty()) {
    check_log_file(merged, "log-file", logging.file);
  }
  if (!logging.access_log.empty() && logging.access_log != "-") {
    check_log_file(merged, "access-log", logging.access_log);
  }
}

void check_socket_paths(Merged& merged) {
  for (const Bind& bind : merged.options.listening.binds) {
    if (bind.kind != Bind::Kind::unix_path) continue;
    if (const auto usable = check_socket_path(bind.path); !usable.ok()) {
      merged.add_error(merged.listening_source, usable.problem().text);
    }
  }
  std::string& control = merged.options.control.path;
  if (!control.empty()) {
    if (const auto usable = check_socket_path(control); !usable.ok()) {
      merged.add_error(merged.origin("control").source, usable.problem().text);
    }
    control = absolute_path(control, merged.working_folder);
  }
  const auto& admin = merged.options.admin.address;
  if (!admin || admin->kind != Bind::Kind::unix_path) return;
  if (const auto usable = check_socket_path(admin->path); !usable.ok()) {
    merged.add_error(merged.origin("admin").source, usable.problem().text);
  }
}

void check_pidfile(Merged& merged) {
  std::string& path = merged.options.service.pidfile;
  if (path.empty()) return;
  path = absolute_path(path, merged.working_folder);
  if (const auto usable = check_file_to_make(path); !usable.ok()) {
    merged.add_error(merged.origin("pidfile").source, usable.problem().text);
  }
}

void check_keep_requests(Merged& merged) {
  std::string& path = merged.options.logging.keep_requests;
  if (path.empty()) return;
  path = absolute_path(path, merged.working_folder);
  if (const auto usable = check_folder_to_fill(path); !usable.ok()) {
    merged.add_error(merged.origin("keep-requests").source, usable.problem().text);
  }
}

void check_agent(Merged& merged) {
  const auto& agent = merged.options.service.agent_check;
  if (!agent || !merged.origin("admin").is_valid) return;
  const auto& admin = merged.options.admin.address;
  if (!admin) {
    merged.add_error(merged.origin("agent-check").source,
                     "is answered by the observer, which --admin off leaves out (" +
                         merged.origin("admin").text + "); give an address there");
  } else if (agent->port != 0 && admin->address() == agent->address()) {
    merged.add_error(merged.origin("agent-check").source,
                     printable(agent->text()) + " is also the address of --admin; use another one");
  }
}

void check_pools(Merged& merged) {
  const std::uint32_t threads = pool_threads(merged.options);
  if (threads > kMaxPoolThreads) {
    merged.add_error(merged.origin("pool").source,
                     "all pools together have " + std::to_string(threads) + " threads; at most " +
                         std::to_string(kMaxPoolThreads) + " are possible in a worker");
  }
}

void check_tasks(Merged& merged) {
  const Options& options = merged.options;
  if (!merged.origin("task-workers").is_valid || options.tasks.workers == 0) return;
  if (options.target.kind == ServeTarget::Kind::application) return;
  merged.add_error(merged.origin("task-workers").source,
                   "has no effect without an application, which is what has tasks");
}

void check_descriptors(Merged& merged) {
  const int notify_fd = merged.options.general.notify_fd;
  const std::string notify_source = merged.origin("notify-fd").source;
  for (const Bind& bind : merged.options.listening.binds) {
    if (bind.kind != Bind::Kind::inherited_fd) continue;
    if (fcntl(bind.fd, F_GETFD) < 0) {
      merged.add_error(merged.listening_source,
                       "descriptor " + std::to_string(bind.fd) +
                           " is not open; whoever starts the program must pass a "
                           "listening socket there");
    }
    if (bind.fd == notify_fd) {
      merged.add_error(notify_source, "descriptor " + std::to_string(notify_fd) +
                                          " is also the socket to serve on (" +
                                          merged.listening_source + "); use another one");
    }
  }
  if (notify_fd < 0) return;
  const int flags = fcntl(notify_fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    merged.add_error(notify_source,
                     "descriptor " + std::to_string(notify_fd) +
                         " is not open for writing; whoever starts the program must pass it");
  }
}

}  // namespace

void cross_check(Merged& merged, LoadPhase phase) {
  check_jitter(merged);
  check_worker_memory(merged);
  check_tracing(merged);
  check_header_sizes(merged);
  check_log_paths(merged);
  check_socket_paths(merged);
  check_agent(merged);
  check_pidfile(merged);
  check_keep_requests(merged);
  check_pools(merged);
  check_tasks(merged);
  if (phase == LoadPhase::start) check_descriptors(merged);
}

}  // namespace prefork::config
