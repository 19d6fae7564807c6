#include "workers/master/spawner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "config/options/packed_options.h"
#include "ipc/base/check.h"
#include "workers/child/child.h"
#include "workers/child/child_runtime.h"
#include "workers/child/child_signals.h"
#include "workers/child/file_limit.h"
#include "workers/child/privileges.h"
#include "workers/child/process_title.h"
#include "workers/master/program.h"

namespace prefork::master {

namespace {

// fork() copies only the calling thread; another one could have held any lock. The number of links
// tells without a descriptor, of which there may be none; without /proc nobody can tell.
bool is_single_threaded() {
  struct stat threads {};
  return ::stat("/proc/self/task", &threads) != 0 || threads.st_nlink <= 3;
}

child::ChildRole to_child(supervision::Role role) {
  switch (role) {
    case supervision::Role::observer:
      return child::ChildRole::observer;
    case supervision::Role::task:
      return child::ChildRole::task;
    case supervision::Role::worker:
      break;
  }
  return child::ChildRole::worker;
}

std::string title_of(child::ChildRole role, ipc::Place id) {
  switch (role) {
    case child::ChildRole::observer:
      return "observer";
    case child::ChildRole::task:
      return "task " + std::to_string(id.slot);
    case child::ChildRole::worker:
      break;
  }
  return "worker " + std::to_string(id.slot);
}

std::vector<child::InheritedListener> listeners_of(child::ChildRole role, const ServingPlan& plan) {
  switch (role) {
    case child::ChildRole::observer:
      return plan.admin_listeners();
    case child::ChildRole::worker:
      return plan.listeners();
    case child::ChildRole::task:
      break;
  }
  return {};
}

// The token of the admin listener is for the observer: whoever runs an application has none.
config::Options options_of(child::ChildRole role, const ServingPlan& plan) {
  config::Options options = plan.options;
  if (role != child::ChildRole::observer) {
    options.admin.token.clear();
  }
  return options;
}

}  // namespace

Spawner::Spawner(child::ChildMains mains, Parts parts)
    : mains_(std::move(mains)), parts_(parts), master_pid_(::getpid()) {}

Spawner::Spawned Spawner::spawn(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                                std::uint64_t forked_ns) {
  PREFORK_CHECK(is_single_threaded());
  if (spawn.role == supervision::Role::worker) {
    parts_.inboxes.renew_if_closed(spawn.at.slot);
  }
  provide_log_rings(plan);
  Spawned spawned;
  try {
    ipc::ControlPair pipes = ipc::make_control_pair();
    switch (plan.options.processes.start_method) {
      case config::StartMethod::fork:
        fork_one(spawn, plan, forked_ns, pipes, spawned);
        break;
      case config::StartMethod::spawn:
        start_program(spawn, plan, forked_ns, pipes, spawned);
        break;
      case config::StartMethod::forkserver:
        order_fork(spawn, plan, forked_ns, pipes, spawned);
        break;
    }
    spawned.control = std::move(pipes.master);
  } catch (const std::system_error& failed) {
    spawned.error_number = failed.code().value();
  }
  return spawned;
}

void Spawner::provide_log_rings(const ServingPlan& plan) {
  if (parts_.log_rings != nullptr || plan.options.logging.access_log.empty()) {
    return;
  }
  try {
    parts_.log_rings = std::make_unique<ipc::LogRings>(parts_.segment.slot_capacity());
  } catch (const std::system_error& failed) {
    if (std::exchange(has_told_of_log_rings_, true)) {
      return;
    }
    parts_.log.warning(std::string("there is no memory for the lines of the access log, which "
                                   "workers have to write by themselves: ") +
                       failed.what());
  }
}

void Spawner::fork_one(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                       std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned) {
  spawned.pid = ::fork();
  spawned.error_number = errno;
  if (spawned.pid == 0) {
    run(spawn, plan, forked_ns, pipes.child, nullptr);
  }
}

void Spawner::start_program(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                            std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned) {
  const child::StartOrder order = start_order(spawn, plan, forked_ns, pipes.child);
  const ipc::OwnedFd written = child::write_start_order(order);
  if (written.valid()) {
    spawned.pid = ::fork();
  }
  spawned.error_number = errno;
  if (spawned.pid == 0) {
    become_program(order, written, pipes.child);
  }
}

void Spawner::order_fork(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                         std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned) {
  if (spawn.role == supervision::Role::observer) {
    return fork_one(spawn, plan, forked_ns, pipes, spawned);
  }
  spawned.error_number = parts_.fork_servers.order(spawn, pipes.child, forked_ns, [&](int orders) {
    serve_forks(spawn.generation, plan, orders);
  });
  spawned.pid = spawned.error_number == 0 ? 0 : -1;
}

child::StartOrder Spawner::start_order(const supervision::action::Spawn& spawn,
                                       const ServingPlan& plan, std::uint64_t forked_ns,
                                       const ipc::ControlEnd& control) const {
  child::StartOrder order;
  order.role = to_child(spawn.role);
  order.place = id_of(spawn);
  order.title = title_of(order.role, order.place);
  order.epoch = spawn.epoch;
  order.generation = spawn.generation;
  order.master_pid = master_pid_;
  order.ordered_ns = forked_ns;
  order.slot_capacity = parts_.segment.slot_capacity();
  order.descriptors.control_read = control.read_fd();
  order.descriptors.control_write = control.write_fd();
  order.descriptors.segment = parts_.segment.fd();
  order.descriptors.leadership = parts_.leadership.fd();
  order.descriptors.shared = parts_.shared.fd();
  order.listeners = listeners_of(order.role, plan);
  order.log = parts_.log.place();
  order.file_limit = child::file_limit_before();
  order.statistics_url =
      order.role == child::ChildRole::observer ? plan.admin_url() : plan.statistics_url();
  order.urls = plan.urls();
  order.options = config::pack_options(options_of(order.role, plan));
  if (parts_.tasks != nullptr) {
    order.descriptors.tasks = parts_.tasks->fd();
    order.tasks = parts_.tasks->shape();
  }
  order.descriptors.spans = has_spans(order.role, plan) ? parts_.spans->fd() : -1;
  if (order.role == child::ChildRole::observer) {
    order.descriptors.control_socket = parts_.control_socket;
  } else {
    order.descriptors.sealed_application = plan.sealed_application.get();
  }
  if (order.role != child::ChildRole::task) {
    order.descriptors.log_rings = log_rings_fd();
  }
  if (order.role == child::ChildRole::worker) {
    parts_.inboxes.append_fds(order.descriptors.inboxes);
    order.descriptors.kept = keeps_requests(plan) ? parts_.kept->fd() : -1;
  }
  return order;
}

supervision::Role Spawner::role_of(std::uint32_t slot) const {
  return slot < parts_.segment.slot_capacity() ? supervision::Role::worker
                                               : supervision::Role::task;
}

// The supervisor counts the slots of all roles: workers, the observer, task processes.
ipc::Place Spawner::id_of(const supervision::action::Spawn& spawn) const {
  const bool is_task = spawn.role == supervision::Role::task;
  return {spawn.at.slot - (is_task ? parts_.segment.slot_capacity() + 1 : 0), spawn.at.seat};
}

// But for its control pipes.
std::vector<int> Spawner::fds_of(child::ChildRole role, const ServingPlan& plan) const {
  std::vector<int> fds = {parts_.log.fd()};
  if (role != child::ChildRole::task) {
    fds.push_back(log_rings_fd());
  }
  for (const child::InheritedListener& listener : listeners_of(role, plan)) {
    fds.push_back(listener.fd);
  }
  if (role == child::ChildRole::observer) {
    fds.insert(fds.end(), {parts_.segment.fd(), parts_.control_socket});
    return fds;
  }
  fds.push_back(plan.sealed_application.get());
  if (role == child::ChildRole::worker) {
    parts_.inboxes.append_fds(fds);
    fds.push_back(parts_.leadership.fd());
  }
  return fds;
}

void Spawner::serve_forks(supervision::Generation generation, const ServingPlan& plan, int orders) {
  constexpr std::string_view kTitle = "fork server";
  child::set_process_title(kTitle);
  parts_.log.set_name(kTitle);
  std::vector<int> keep = fds_of(child::ChildRole::worker, plan);
  keep.push_back(orders);
  child::close_other_fds(keep);
  child::take_no_signals();
  const bool is_in_service = child::enter_service(plan.options).ok();  // its children say why not
  child::die_with(master_pid_);
  {
    ForkServer server(
        orders, master_pid_, parts_.log,
        [&](const ipc::ForkOrder& order, ipc::ControlEnd& control,
            const PreloadedApplication* application) {
          run({{order.slot, order.seat}, order.epoch, generation, role_of(order.slot), 0}, plan,
              order.ordered_ns, control, application);
        });
    if (plan.options.processes.preload && is_in_service) {
      server.load({plan.options.target.path, plan.sealed_application.get()},
                  plan.options.application);
    }
    server.serve();
  }
  child::leave(0);
}

void Spawner::run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                  std::uint64_t forked_ns, ipc::ControlEnd& control,
                  const PreloadedApplication* application) noexcept {
  const child::ChildRole role = to_child(spawn.role);
  const ipc::Place id = id_of(spawn);
  const std::string title = title_of(role, id);
  child::set_process_title(title);
  parts_.log.set_name(title);
  const std::vector<child::InheritedListener> listeners = listeners_of(role, plan);
  if (application == nullptr) {
    std::vector<int> keep = fds_of(role, plan);
    keep.insert(keep.end(), {control.read_fd(), control.write_fd()});
    child::close_other_fds(keep);
  } else if (role == child::ChildRole::task) {
    // The fork server has closed all that is not a worker's, and then the application has opened
    // what it opens before the fork.
    std::vector<int> not_mine = {parts_.leadership.fd(), log_rings_fd()};
    parts_.inboxes.append_fds(not_mine);
    for (const child::InheritedListener& listener : plan.listeners()) {
      not_mine.push_back(listener.fd);
    }
    child::close_inherited(not_mine);
  }

  const bool keeps = role == child::ChildRole::worker && keeps_requests(plan);
  if (parts_.kept != nullptr && !keeps) {
    parts_.kept->unmap();
  }
  const bool spans = has_spans(role, plan);
  if (parts_.spans != nullptr && !spans) {
    parts_.spans->unmap();
  }
  const bool is_loaded = application != nullptr && application->ok();
  const config::Options options = options_of(role, plan);
  const child::ChildContext context{
      options,
      listeners,
      parts_.segment,
      parts_.inboxes,
      parts_.leadership,
      parts_.shared,
      parts_.tasks,
      is_loaded ? application->value().get() : nullptr,
      application != nullptr && !is_loaded ? application->problem().text : "",
      plan.sealed_application.get(),
      parts_.log,
      control,
      id,
      spawn.epoch,
      spawn.generation,
      master_pid_,
      forked_ns,
      role == child::ChildRole::observer ? plan.admin_url() : plan.statistics_url(),
      role == child::ChildRole::observer ? parts_.control_socket : -1,
      {keeps ? parts_.kept : nullptr, parts_.log_rings.get(), spans ? parts_.spans : nullptr}};
  if (const auto entered = child::enter_service(plan.options); !entered.ok()) {
    child::leave(child::fail_boot(context, entered.problem().text.c_str(),
                                  config::ExitCode::no_worker_booted));
  }
  if (role == child::ChildRole::observer) {
    child::leave(mains_.observer(context, plan.urls()));
  }
  child::end(role == child::ChildRole::task ? mains_.task(context) : mains_.worker(context));
}

}  // namespace prefork::master
