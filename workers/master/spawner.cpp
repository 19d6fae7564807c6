#include "workers/master/spawner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "config/options/packed_options.h"
#include "ipc/base/check.h"
#include "workers/child/child.h"
#include "workers/child/child_signals.h"
#include "workers/child/file_limit.h"
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

std::string title_of(const supervision::action::Spawn& spawn) {
  return spawn.role == supervision::Role::observer ? "observer"
                                                   : "worker " + std::to_string(spawn.at.slot);
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
  order.is_observer = spawn.role == supervision::Role::observer;
  order.title = title_of(spawn);
  order.place = spawn.at;
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
  order.listeners = order.is_observer ? plan.admin_listeners() : plan.listeners();
  order.log = parts_.log.place();
  order.file_limit = child::file_limit_before();
  order.statistics_url = order.is_observer ? plan.admin_url() : plan.statistics_url();
  order.urls = plan.urls();
  order.options = config::pack_options(plan.options);
  if (!order.is_observer) {
    order.descriptors.sealed_application = plan.sealed_application.get();
    parts_.inboxes.append_fds(order.descriptors.inboxes);
  }
  return order;
}

void Spawner::append_shared_fds(std::vector<int>& fds) const {
  parts_.inboxes.append_fds(fds);
  fds.push_back(parts_.leadership.fd());
  fds.push_back(parts_.log.fd());
}

void Spawner::serve_forks(supervision::Generation generation, const ServingPlan& plan, int orders) {
  constexpr std::string_view kTitle = "fork server";
  child::set_process_title(kTitle);
  parts_.log.set_name(kTitle);
  std::vector<int> keep = {orders, plan.sealed_application.get()};
  for (const child::InheritedListener& listener : plan.listeners()) {
    keep.push_back(listener.fd);
  }
  append_shared_fds(keep);
  child::close_other_fds(keep);
  child::take_no_signals();
  child::die_with(master_pid_);
  {
    ForkServer server(
        orders, master_pid_, parts_.log,
        [&](const ipc::ForkOrder& order, ipc::ControlEnd& control,
            const PreloadedApplication* application) {
          run({{order.slot, order.seat}, order.epoch, generation, supervision::Role::worker, 0},
              plan, order.ordered_ns, control, application);
        });
    if (plan.options.processes.preload) {
      server.load({plan.options.target.path, plan.sealed_application.get()});
    }
    server.serve();
  }
  child::leave(0);
}

void Spawner::run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                  std::uint64_t forked_ns, ipc::ControlEnd& control,
                  const PreloadedApplication* application) noexcept {
  const bool observer = spawn.role == supervision::Role::observer;
  const std::string title = title_of(spawn);
  child::set_process_title(title);
  parts_.log.set_name(title);
  const std::vector<child::InheritedListener> listeners =
      observer ? plan.admin_listeners() : plan.listeners();

  std::vector<int> keep;
  for (const child::InheritedListener& listener : listeners) {
    keep.push_back(listener.fd);
  }
  keep.insert(keep.end(), {control.read_fd(), control.write_fd()});
  if (observer) {
    keep.insert(keep.end(), {parts_.segment.fd(), parts_.log.fd()});
  } else {
    append_shared_fds(keep);
    keep.push_back(plan.sealed_application.get());
  }
  // The fork server has closed all that is not a worker's, and then the application has opened what
  // it opens before the fork.
  if (application == nullptr) {
    child::close_other_fds(keep);
  }

  const bool is_loaded = application != nullptr && application->ok();
  const child::ChildContext context{
      plan.options,
      listeners,
      parts_.segment,
      parts_.inboxes,
      parts_.leadership,
      parts_.shared,
      is_loaded ? application->value().get() : nullptr,
      application != nullptr && !is_loaded ? application->problem().text : "",
      plan.sealed_application.get(),
      parts_.log,
      control,
      spawn.at,
      spawn.epoch,
      spawn.generation,
      master_pid_,
      forked_ns,
      observer ? plan.admin_url() : plan.statistics_url()};
  if (observer) {
    child::leave(mains_.observer(context, plan.urls()));
  }
  child::end(mains_.worker(context));
}

}  // namespace prefork::master
