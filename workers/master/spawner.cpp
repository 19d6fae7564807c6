#include "workers/master/spawner.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "workers/child/child.h"
#include "workers/child/process_title.h"

namespace prefork::master {

namespace {

// fork() copies only the calling thread; another one could have held any lock.
bool is_single_threaded() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads)) == 1;
}

}  // namespace

Spawner::Spawner(ChildMains mains, Parts parts) : mains_(std::move(mains)), parts_(parts) {}

Spawner::Spawned Spawner::spawn(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                                std::uint64_t forked_ns) {
  PREFORK_CHECK(is_single_threaded());
  Spawned spawned;
  ipc::ControlPair pipes;
  try {
    pipes = ipc::make_control_pair();
    spawned.pid = ::fork();
    spawned.error_number = errno;
  } catch (const std::system_error& failed) {
    spawned.error_number = failed.code().value();
  }
  if (spawned.pid == 0) {
    run(spawn, plan, forked_ns, pipes.child);
  }
  spawned.control = std::move(pipes.master);
  return spawned;
}

void Spawner::run(const supervision::action::Spawn& spawn, const ServingPlan& plan,
                  std::uint64_t forked_ns, ipc::ControlEnd& control) {
  const bool observer = spawn.role == supervision::Role::observer;
  const std::int32_t master_pid = parts_.segment.header().master_pid.load();
  const std::string title = observer ? "observer" : "worker " + std::to_string(spawn.at.slot);
  child::set_process_title(title);
  parts_.log.set_name(title);
  const std::vector<child::InheritedListener> listeners =
      observer ? plan.admin_listeners() : plan.listeners();

  std::vector<int> keep;
  for (const child::InheritedListener& listener : listeners) {
    keep.push_back(listener.fd);
  }
  keep.insert(keep.end(), {control.read_fd(), control.write_fd(), parts_.log.fd()});
  if (observer) {
    keep.push_back(parts_.segment.fd());
  } else {
    parts_.inboxes.append_fds(keep);
    keep.push_back(parts_.leadership.fd());
  }
  child::close_other_fds(keep);

  const child::ChildContext context{
      plan.options,      listeners,
      parts_.segment,    parts_.inboxes,
      parts_.leadership, plan.application.get(),
      parts_.log,        control,
      spawn.at,          spawn.epoch,
      spawn.generation,  master_pid,
      forked_ns,         observer ? plan.admin_url() : plan.statistics_url()};
  child::leave(observer ? mains_.observer(context, plan.urls()) : mains_.worker(context));
}

}  // namespace prefork::master
