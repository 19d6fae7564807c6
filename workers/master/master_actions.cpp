// The master's hands: carries out what the supervisor has decided.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/monotonic.h"
#include "workers/child/child.h"
#include "workers/child/process_title.h"
#include "workers/master/master.h"
#include "workers/observer/observer.h"
#include "workers/worker/worker.h"

namespace prefork::master {

namespace {

using ipc::Place;
using ipc::ProcessState;

// fork() copies only the calling thread; another one could have held any lock.
bool is_single_threaded() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads)) == 1;
}

}  // namespace

bool Master::is_observer(Place at) const { return at.slot == supervisor_->observer_slot(); }

// The one place where a process is made.
void Master::perform(const supervision::action::Spawn& spawn) {
  PREFORK_CHECK(is_single_threaded());
  const std::uint64_t forked_ns = ipc::monotonic_ns();
  prepare_record(spawn, forked_ns);
  ipc::ControlPair pipes;
  pid_t pid = -1;
  int error = 0;
  try {
    pipes = ipc::make_control_pair();
    pid = ::fork();
    error = errno;
  } catch (const std::system_error& failed) {
    error = failed.code().value();
  }
  if (pid == 0) {
    run_child(spawn, pipes.child, forked_ns);
  }
  if (pid < 0) {
    report(supervision::event::ForkFailed{spawn.at, error});
    return;
  }
  Child child;
  child.control = std::move(pipes.master);
  child.epoch = spawn.epoch;
  children_[spawn.at] = std::move(child);
  if (is_observer(spawn.at)) {
    segment_->header().observer_pid.store(pid, std::memory_order_relaxed);
    segment_->header().observer_restarts.store(spawn.restarts, std::memory_order_relaxed);
  } else {
    segment_->record(spawn.at).pid.store(pid, std::memory_order_relaxed);
  }
  log_.debug(name_of(spawn.at, pid) + " was started");
  report(supervision::event::Forked{spawn.at, pid});
}

void Master::prepare_record(const supervision::action::Spawn& spawn, std::uint64_t forked_ns) {
  if (is_observer(spawn.at)) {
    return;
  }
  constexpr auto kRelaxed = std::memory_order_relaxed;
  ipc::WorkerRecord& record = segment_->record(spawn.at);
  record.epoch.store(spawn.epoch, kRelaxed);
  record.generation.store(spawn.generation, kRelaxed);
  record.forked_monotonic_ns.store(forked_ns, kRelaxed);
  record.forked_realtime_ns.store(ipc::realtime_ns(), kRelaxed);
  record.beat_ns.store(forked_ns, kRelaxed);
  segment_->notes(spawn.at.slot).restarts.store(spawn.restarts, kRelaxed);
}

void Master::run_child(const supervision::action::Spawn& spawn, ipc::ControlEnd& control,
                       std::uint64_t forked_ns) {
  const bool observer = is_observer(spawn.at);
  const std::int32_t master_pid = segment_->header().master_pid.load();
  const ServingPlan& plan = *plans_.at(spawn.generation);
  const std::string title = observer ? "observer" : "worker " + std::to_string(spawn.at.slot);
  child::set_process_title(title);
  log_.set_name(title);
  const std::vector<int> listening = observer ? plan.admin_fds() : plan.fds();

  std::vector<int> keep = listening;
  keep.insert(keep.end(), {control.read_fd(), control.write_fd(), log_.fd()});
  if (observer) {
    keep.push_back(segment_->fd());
  } else {
    inboxes_->append_fds(keep);
    keep.push_back(leadership_->fd());
  }
  child::close_other_fds(keep);

  const child::ChildContext context{plan.options,
                                    listening,
                                    observer ? std::vector<bool>{} : plan.expects_preamble,
                                    *segment_,
                                    *inboxes_,
                                    *leadership_,
                                    plan.application.get(),
                                    log_,
                                    control,
                                    spawn.at,
                                    spawn.epoch,
                                    spawn.generation,
                                    master_pid,
                                    forked_ns,
                                    observer ? plan.admin_url() : plan.statistics_url()};
  child::leave(observer ? observer::run_observer(context, plan.urls())
                        : worker::run_worker(context));
}

void Master::perform(const supervision::action::Drain& drain) {
  const auto child = children_.find(drain.at);
  if (child == children_.end()) {
    return;
  }
  const ipc::SendResult sent =
      child->second.control.send({child->second.epoch, ipc::DrainFrame{drain.why}});
  if (sent == ipc::SendResult::full) {
    log_.warning(name_of(drain.at) + " does not read its command pipe; its deadline will end it");
  }
}

void Master::perform(const supervision::action::Kill& kill) {
  const int signal = kill.signal == supervision::Signal::abort ? SIGABRT : SIGKILL;
  log_.debug(name_of(kill.at, kill.pid) + " gets " + (signal == SIGABRT ? "SIGABRT" : "SIGKILL"));
  ::kill(kill.pid, signal);
}

void Master::perform(const supervision::action::Release& release) {
  if (release.last.pid) {
    log_exit(release);
  }
  const auto child = children_.find(release.at);
  if (child != children_.end()) {
    if (!child->second.boot_failure.empty()) {
      last_boot_failure_ = child->second.boot_failure;
    }
    children_.erase(child);
  }
  note_exit(release);
  forget_unused_plans();
}

void Master::note_exit(const supervision::action::Release& release) {
  if (is_observer(release.at)) {
    // Unless its successor is there already.
    std::atomic<std::int32_t>& pid = segment_->header().observer_pid;
    if (release.last.pid && pid.load(std::memory_order_relaxed) == *release.last.pid) {
      pid.store(0, std::memory_order_relaxed);
    }
    return;
  }
  if (release.last.pid) {
    ipc::LastExit exit;
    exit.kind = release.exit.signal != 0 ? ipc::LastExit::Kind::signal : ipc::LastExit::Kind::code;
    exit.number = release.exit.signal != 0 ? release.exit.signal : release.exit.code;
    exit.core_dumped = release.exit.core;
    exit.asked_for = release.last.state == ProcessState::draining;
    exit.pid = *release.last.pid;
    exit.at_realtime_ns = ipc::realtime_ns();
    segment_->notes(release.at.slot).last_exit.set(exit);
  }
  segment_->fold(release.at, std::exchange(reaped_cpu_us_, 0));
}

void Master::perform(const supervision::action::Finish& finish) {
  exit_code_ = finish.code;
  if (finish.reason) {
    log_.critical("giving up: " + describe(*finish.reason));
    if (!log_.is_standard_error()) {
      std::fprintf(stderr, "prefork-server: giving up: %s\n", describe(*finish.reason).c_str());
    }
    return;
  }
  log_.info(finish.code == config::ExitCode::requests_cut ? "stopped; running requests were cut"
                                                          : "stopped");
}

// What the observer shows of processes that may not write it themselves.
void Master::publish_states() {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  ipc::SegmentHeader& header = segment_->header();
  const auto& slots = supervisor_->slots();
  std::uint32_t in_use = 0;
  for (std::uint32_t slot = 0; slot < supervisor_->observer_slot(); ++slot) {
    bool used = slots[slot].want == supervision::Want::run;
    for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
      const ProcessState state = slots[slot].seats[seat].state;
      segment_->record({slot, seat}).state.store(state, std::memory_order_release);
      used = used || state != ProcessState::vacant;
    }
    if (used) {
      in_use = slot + 1;
    }
  }
  header.slots_in_use.store(in_use, kRelaxed);
  header.generation.store(supervisor_->generation(), kRelaxed);
  if (supervisor_->stopping()) {
    header.state.store(ipc::ServerState::stopping, std::memory_order_release);
  } else if (supervisor_->reloading()) {
    header.state.store(ipc::ServerState::reloading, std::memory_order_release);
  } else if (supervisor_->ready_workers() != 0) {
    header.state.store(ipc::ServerState::running, std::memory_order_release);
  }
}

void Master::forget_unused_plans() {
  if (supervisor_->reloading()) {
    return;
  }
  std::erase_if(plans_, [this](const auto& entry) {
    if (entry.first == supervisor_->generation()) {
      return false;
    }
    for (const supervision::Slot& slot : supervisor_->slots()) {
      for (const supervision::Seat& seat : slot.seats) {
        if (seat.occupied() && seat.generation == entry.first) {
          return false;
        }
      }
    }
    return true;
  });
}

}  // namespace prefork::master
