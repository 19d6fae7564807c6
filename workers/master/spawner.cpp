#include "workers/master/spawner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "workers/child/child.h"
#include "workers/child/child_signals.h"
#include "workers/child/process_title.h"

namespace prefork::master {

namespace {

// fork() copies only the calling thread; another one could have held any lock. The number of links
// tells without a descriptor, of which there may be none; without /proc nobody can tell.
bool is_single_threaded() {
  struct stat threads {};
  return ::stat("/proc/self/task", &threads) != 0 || threads.st_nlink <= 3;
}

}  // namespace

Spawner::Spawner(ChildMains mains, Parts parts)
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
    fork_one(spawn, plan, forked_ns, pipes, spawned);
    spawned.control = std::move(pipes.master);
  } catch (const std::system_error& failed) {
    spawned.error_number = failed.code().value();
  }
  return spawned;
}

void Spawner::fork_one(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                       std::uint64_t forked_ns, ipc::ControlPair& pipes, Spawned& spawned) {
  if (plan.options.processes.preload && spawn.role == supervision::Role::worker) {
    spawned.error_number =
        parts_.fork_servers.order(spawn, pipes.child, forked_ns,
                                  [&](int orders) { serve_forks(spawn.generation, plan, orders); });
    spawned.pid = spawned.error_number == 0 ? 0 : -1;
    return;
  }
  spawned.pid = ::fork();
  spawned.error_number = errno;
  if (spawned.pid == 0) {
    run(spawn, plan, forked_ns, pipes.child, nullptr);
  }
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
            const PreloadedApplication& application) {
          run({{order.slot, order.seat}, order.epoch, generation, supervision::Role::worker, 0},
              plan, order.ordered_ns, control, &application);
        });
    server.load({plan.options.target.path, plan.sealed_application.get()});
    server.serve();
  }
  child::leave(0);
}

void Spawner::run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                  std::uint64_t forked_ns, ipc::ControlEnd& control,
                  const PreloadedApplication* application) noexcept {
  const bool observer = spawn.role == supervision::Role::observer;
  const std::string title = observer ? "observer" : "worker " + std::to_string(spawn.at.slot);
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
  child::close_other_fds(keep);

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
