#include "workers/master/upgrade.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "config/version.h"
#include "ipc/base/error_text.h"
#include "workers/child/file_limit.h"
#include "workers/master/inheritance.h"
#include "workers/master/next_program.h"

namespace prefork::master {

namespace {

constexpr const char* kThisProgram = "/proc/self/exe";

std::string system_text(const std::string& what, int error) {
  return what + ": " + std::string(ipc::error_text(error));
}

}  // namespace

Upgrade::Upgrade(Parts parts, Origin origin) : parts_(parts), origin_(std::move(origin)) {}

void Upgrade::restore(TimePoint now) {
  parts_.children.restore(*origin_.before);
  parts_.pending.restore(*origin_.before);
  parts_.commands.restore(*origin_.before);
  parts_.fork_servers.restore(*origin_.before, now);
}

// From here on all that was left is in the hands of its owners.
void Upgrade::begin() {
  std::vector<int> left = origin_.before->inherited();
  std::erase(left, origin_.before->descriptors.pid_file);
  left.push_back(origin_.order.state);
  for (const int fd : left) {
    ::close(fd);
  }
  program_before_ = ipc::OwnedFd(origin_.order.program);
  if (program_before_.valid()) {
    set_inheritable(std::vector<int>{program_before_.get()}, false);
  }
  if (!origin_.order.failure.empty()) {
    fail(origin_.order.failure);
    if (has_strays()) {
      replace_all("upgrade: going back, as some processes are of the new program");
    }
    return;
  }
  replace_all("upgrade: prefork-server " + std::string(config::kVersion) + " at " + origin_.path +
              " goes on; every process is replaced");
  parts_.pending.taken_over(generation_);
}

// Processes of the program that could not go on: of its own generation, or started by it in place
// of one that had ended.
bool Upgrade::has_strays() const {
  const auto& places = parts_.supervisor.places();
  return std::any_of(places.begin(), places.end(), [this](ipc::Place at) {
    const supervision::Seat& seat = parts_.supervisor.seat(at);
    return seat.occupied() && seat.part != supervision::Part::retiring &&
           (seat.generation != parts_.supervisor.generation() ||
            seat.epoch > origin_.before->epoch_before);
  });
}

void Upgrade::replace_all(const std::string& why) {
  generation_ = parts_.commands.next_generation();
  const CommandResult begun = parts_.commands.reload(why);
  if (begun.ok()) {
    phase_ = program_before_.valid() ? Phase::replacing : Phase::none;
    // Until there is no way back any more, nothing else is begun.
    parts_.commands.set_upgrading(phase_ == Phase::replacing);
  } else if (program_before_.valid()) {
    return_because(begun.problems.front().text);
  }
}

std::optional<Upgrade::TimePoint> Upgrade::deadline() const {
  return canary_.deadline() ? canary_.deadline() : quiet_until_;
}

void Upgrade::note(const supervision::action::Notice& notice, const std::string& text) {
  using supervision::NoticeKind;
  if (phase_ != Phase::replacing || notice.generation != generation_) {
    return;
  }
  if (notice.kind == NoticeKind::reload_finished) {
    parts_.log.info("upgrade: every process is of the new program");
    program_before_.reset();
    phase_ = Phase::none;
    parts_.commands.set_upgrading(false);
  } else if ((notice.kind == NoticeKind::reload_aborted && notice.failure) ||
             notice.kind == NoticeKind::rollback_started) {
    return_because(text);
  }
}

void Upgrade::return_because(const std::string& why) {
  failure_ = why;
  phase_ = Phase::returning;
  parts_.commands.set_upgrading(true);  // until the program before has taken over nothing begins
}

void Upgrade::step(TimePoint now) {
  if (parts_.supervisor.stopping() || parts_.commands.is_leaving()) {
    if (phase_ != Phase::none && phase_ != Phase::replacing) {
      give_up("the server is stopping", ipc::Verdict::failed);
    }
    return;
  }
  if (phase_ == Phase::none && parts_.commands.upgrading()) {
    phase_ = Phase::wanted;
    quiet_until_ = now + kQuietTimeout;
  }
  canary_.enforce(now);
  if (phase_ == Phase::checking) {
    hear_canary();
  }
  const bool waits =
      phase_ == Phase::wanted || phase_ == Phase::approved || phase_ == Phase::returning;
  if (!waits) {
    return;
  }
  if (!is_quiet()) {
    if (!quiet_until_) {
      quiet_until_ = now + kQuietTimeout;
    } else if (now >= *quiet_until_) {
      const bool was_tried = phase_ == Phase::returning;
      give_up((was_tried ? failure_ + "; there is no way back: " : "") +
                  "processes are still being started",
              was_tried ? ipc::Verdict::failed : ipc::Verdict::refused);
    }
    return;
  }
  quiet_until_.reset();
  if (phase_ == Phase::wanted) {
    start_canary(now);
  } else if (phase_ == Phase::approved) {
    take_over();
  } else {
    go_back();
  }
}

bool Upgrade::is_quiet() const {
  const auto& places = parts_.supervisor.places();
  const bool awaits_a_pid = std::any_of(places.begin(), places.end(), [this](ipc::Place at) {
    const supervision::Seat& seat = parts_.supervisor.seat(at);
    return seat.occupied() && !seat.pid;
  });
  return parts_.announcer.is_ready() && !awaits_a_pid && parts_.diagnosis.empty();
}

Handover Upgrade::handover() const {
  Handover handover;
  handover.program = origin_.path;
  handover.arguments = parts_.reloader.arguments();
  handover.supervisor = parts_.supervisor.memory();
  // Where there is no way back all of them are its own.
  handover.epoch_before = program_before_.valid() ? origin_.before->supervisor.last_epoch
                                                  : handover.supervisor.last_epoch;
  parts_.commons.hand_over(handover);
  parts_.plans.hand_over(handover);
  parts_.children.hand_over(handover);
  parts_.pending.hand_over(handover);
  parts_.commands.hand_over(handover);
  parts_.fork_servers.hand_over(handover);
  handover.descriptors.control_socket = parts_.control.fd();
  handover.control_path = parts_.control.path();
  handover.control_file = parts_.control.file();
  handover.descriptors.pid_file = parts_.pid_file.fd();
  handover.pid_path = parts_.pid_file.path();
  handover.log = parts_.log.place();
  handover.file_limit = child::file_limit_before();
  handover.outlives_terminal = parts_.signals.outlives_terminal();
  return handover;
}

void Upgrade::start_canary(TimePoint now) {
  if (::access("/proc/self/exe", F_OK) != 0) {
    return give_up("without /proc nobody knows where the program lies, and how to go back to it",
                   ipc::Verdict::refused);
  }
  const Handover left = handover();
  const ipc::OwnedFd state = write_handover(left);
  if (!state.valid()) {
    return give_up(system_text("its state could not be written", errno), ipc::Verdict::refused);
  }
  parts_.reloader.follow_folder();
  const auto started =
      canary_.start(origin_.path, parts_.reloader.arguments(), parts_.reloader.environment(),
                    state.get(), left.inherited(), now);
  if (!started.ok()) {
    return give_up(started.problem().text, ipc::Verdict::refused);
  }
  phase_ = Phase::checking;
}

void Upgrade::hear_canary() {
  const auto verdict = canary_.take_verdict();
  if (!verdict) {
    return;
  }
  if (!verdict->ok()) {
    return give_up(verdict->problem().text, ipc::Verdict::refused);
  }
  phase_ = Phase::approved;
}

void Upgrade::take_over() {
  const ipc::OwnedFd program(::open(kThisProgram, O_RDONLY | O_CLOEXEC));
  if (!program.valid()) {
    return give_up(system_text("the program that runs cannot be kept", errno),
                   ipc::Verdict::refused);
  }
  parts_.log.info("upgrade: " + origin_.path + " can go on, and takes over");
  ResumeOrder order;
  order.program = program.get();
  const int error = exec(origin_.path, -1, order);
  give_up(system_text(origin_.path + ": it could not be started", error), ipc::Verdict::refused);
}

// What has failed is told by the program before.
void Upgrade::go_back() {
  parts_.log.error("upgrade: " + failure_ + "; the program before takes over again");
  ResumeOrder order;
  order.failure = failure_;
  const int error = exec("", program_before_.get(), order);
  give_up(failure_ + "; " + system_text("the program before could not be started again", error),
          ipc::Verdict::failed);
}

int Upgrade::exec(const std::string& path, int program, const ResumeOrder& order) {
  const Handover left = handover();
  const ipc::OwnedFd state = write_handover(left);
  if (!state.valid()) {
    return errno;
  }
  ResumeOrder told = order;
  told.state = state.get();
  std::vector<int> fds = left.inherited();
  fds.push_back(state.get());
  if (order.program >= 0) {
    fds.push_back(order.program);
  }
  parts_.reloader.follow_folder();
  set_inheritable(fds, true);
  const int error = become({path, program, to_arguments(told, parts_.reloader.arguments())},
                           parts_.reloader.environment());
  set_inheritable(fds, false);
  return error;
}

void Upgrade::give_up(const std::string& why, ipc::Verdict verdict) {
  canary_.stop();
  quiet_until_.reset();
  program_before_.reset();
  phase_ = Phase::none;
  parts_.commands.set_upgrading(false);
  const std::string text = "the upgrade was refused: " + why;
  parts_.log.error(text + "; the program that runs goes on");
  parts_.commands.note_given_up(text);
  parts_.commands.history().upgrade_refused(why);
  parts_.pending.end_upgrade(verdict, why);
}

void Upgrade::fail(const std::string& why) {
  const std::string text = "the upgrade was given up: " + why;
  parts_.log.error(text + "; the program before goes on");
  parts_.commands.note_given_up(text);
  parts_.commands.history().upgrade_rolled_back(why);
  parts_.pending.end_upgrade(ipc::Verdict::failed, why);
}

}  // namespace prefork::master
