#include "workers/child/spawned_child.h"

#include <fcntl.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "config/base/number.h"
#include "config/options/packed_options.h"
#include "config/values/exit_code.h"
#include "ipc/control_channel.h"
#include "ipc/inbox.h"
#include "ipc/leadership.h"
#include "ipc/segment.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "workers/child/child.h"
#include "workers/child/log.h"
#include "workers/child/privileges.h"
#include "workers/child/process_limits.h"
#include "workers/child/process_title.h"
#include "workers/child/start_order.h"

namespace prefork::child {

namespace {

constexpr std::uint64_t kHighestDescriptor = 1U << 30U;

std::optional<int> descriptor_in(std::span<const std::string> arguments) {
  if (arguments.size() != 2) {
    return std::nullopt;
  }
  const auto number = config::parse_number(arguments[1]);
  if (!number || std::cmp_greater(*number, kHighestDescriptor)) {
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

int refuse_a_person() {
  tell_standard_error(std::string("prefork-server: ") + kStartOrderArgument +
                      " is how the server starts its own processes (--start-method spawn), which "
                      "find their orders in a descriptor; leave it out");
  return config::to_int(config::ExitCode::configuration);
}

// They were left open for this process alone, not for what it starts.
bool close_on_exec(const std::vector<int>& fds) {
  return std::all_of(fds.begin(), fds.end(),
                     [](int fd) { return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; });
}

int fail(const StartOrderHead& head, const std::string& problem) {
  ipc::ControlEnd control{ipc::OwnedFd(head.control_read), ipc::OwnedFd(head.control_write)};
  control.send({head.epoch, ipc::BootFailedFrame{"it could not be started: " + problem}});
  return config::to_int(config::ExitCode::no_worker_booted);
}

// Returns only where something is missing. Throws std::exception.
void live(const StartOrder& order, const config::Options& options, const ChildMains& mains) {
  const StartOrder::Descriptors& descriptors = order.descriptors;
  remember_file_limit(order.file_limit);
  set_process_title(order.title);
  Log log(order.log);
  log.set_name(order.title);
  ipc::Segment segment(ipc::OwnedFd(descriptors.segment), order.slot_capacity);
  const ipc::Inboxes inboxes(descriptors.inboxes);
  ipc::Leadership leadership{ipc::OwnedFd(descriptors.leadership)};
  ipc::SharedTable shared{ipc::OwnedFd(descriptors.shared)};
  shared.close_memory();
  std::optional<ipc::TaskBoard> tasks;
  if (descriptors.tasks >= 0) {
    tasks.emplace(order.tasks, ipc::OwnedFd(descriptors.tasks));
    tasks->close_memory();
  }
  std::optional<ipc::KeptRequests> kept;
  if (descriptors.kept >= 0) {
    kept.emplace(ipc::OwnedFd(descriptors.kept), order.slot_capacity);
  }
  std::optional<ipc::LogRings> log_rings;
  if (descriptors.log_rings >= 0) {
    log_rings.emplace(ipc::OwnedFd(descriptors.log_rings), order.slot_capacity);
  }
  std::optional<ipc::SpanRings> spans;
  if (descriptors.spans >= 0) {
    spans.emplace(ipc::OwnedFd(descriptors.spans), order.slot_capacity);
  }
  ipc::ControlEnd control{ipc::OwnedFd(descriptors.control_read),
                          ipc::OwnedFd(descriptors.control_write)};
  const ChildContext context{
      options,
      order.listeners,
      segment,
      inboxes,
      leadership,
      shared,
      tasks ? &*tasks : nullptr,
      nullptr,
      {},
      descriptors.sealed_application,
      log,
      control,
      order.place,
      order.epoch,
      order.generation,
      order.master_pid,
      order.ordered_ns,
      order.statistics_url,
      descriptors.control_socket,
      {kept ? &*kept : nullptr, log_rings ? &*log_rings : nullptr, spans ? &*spans : nullptr}};
  if (order.role == ChildRole::observer) {
    leave(mains.observer(context, order.urls));
  }
  segment.close_memory();
  end(order.role == ChildRole::task ? mains.task(context) : mains.worker(context));
}

}  // namespace

bool are_start_order(std::span<const std::string> arguments) {
  return !arguments.empty() && arguments.front() == kStartOrderArgument;
}

int run_spawned_child(std::span<const std::string> arguments, const ChildMains& mains) {
  const auto fd = descriptor_in(arguments);
  const auto head = fd ? find_start_order(*fd) : std::nullopt;
  if (!head) {
    return refuse_a_person();
  }
  const auto order = read_start_order(*fd, *head);
  ::close(*fd);
  if (!order.ok()) {
    return fail(*head, order.problem().text);
  }
  const auto options = config::unpack_options(order.value().options);
  if (!options.ok()) {
    return fail(*head, options.problem().text);
  }
  if (!close_on_exec(order.value().inherited())) {
    return fail(*head, "a descriptor of its orders is not open");
  }
  if (const auto entered = enter_service(options.value()); !entered.ok()) {
    return fail(*head, entered.problem().text);
  }
  try {
    live(order.value(), options.value(), mains);
  } catch (const std::exception& error) {
    return fail(*head, describe_failure(error));
  }
  return config::to_int(config::ExitCode::no_worker_booted);
}

}  // namespace prefork::child
