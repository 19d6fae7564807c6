#include "workers/master/fork_server.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"
#include "ipc/base/forked.h"
#include "workers/child/child.h"
#include "workers/child/process_limits.h"

namespace prefork::master {

namespace {

// The name of a thread other than the first; empty: there is none, or nobody can tell.
std::string name_of_another_thread() {
  const std::string own = std::to_string(::getpid());
  std::error_code failed;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", failed)) {
    if (task.path().filename() != own) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      return name.empty() ? "unknown" : name;
    }
  }
  return {};
}

void tell_that_no_fork_was_possible(ipc::ReceivedForkOrder& received, int error) {
  received.control.send(
      {received.order.epoch, ipc::BootFailedFrame{child::describe_failed_fork(error)}});
}

}  // namespace

ForkServer::ForkServer(int orders, pid_t master_pid, child::Log& log, RunWorker run_worker)
    : orders_(orders), master_pid_(master_pid), log_(log), run_worker_(std::move(run_worker)) {}

void ForkServer::load(const native::ApplicationFile& file,
                      const config::ApplicationOptions& options) {
  ipc::note_copies();
  application_ = native::NativeApplication::load(
      file, options,
      [this](config::LogLevel level, std::string_view line) { log_.write(level, line); });
  if (!application_->ok()) {
    return;
  }
  if (const std::string thread = name_of_another_thread(); !thread.empty()) {
    application_ = config::Problem{
        "--preload: '" + file.path + "' left a thread named '" + thread +
        "' running while it was loaded; workers would not have it: start it in on_worker_start, or "
        "go without --preload"};
  }
}

void ForkServer::serve() {
  while (std::optional<ipc::ReceivedForkOrder> received = ipc::receive_fork_order(orders_)) {
    if (received->order.kind == ipc::ForkOrder::Kind::fork_worker) {
      fork_worker(*received);
    } else if (const auto opened = log_.reopen(); !opened.ok()) {
      log_.error(opened.problem().text + "; the log goes on where it was");
    }
  }
}

// The worker may begin once the process between has ended and was reaped: then it is the master's
// child, as it must be before it relies on that.
void ForkServer::fork_worker(ipc::ReceivedForkOrder& received) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return tell_that_no_fork_was_possible(received, errno);
  }
  ipc::OwnedFd may_begin(ends[0]);
  ipc::OwnedFd signal(ends[1]);
  // What the application has printed is printed once, not by each of its workers.
  std::fflush(nullptr);
  const pid_t between = ::fork();
  if (between == 0) {
    signal.reset();  // the fork server's alone, so that its end is noticed
    fork_again(received, may_begin.get());
  }
  if (between < 0) {
    return tell_that_no_fork_was_possible(received, errno);
  }
  may_begin.reset();
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  [[maybe_unused]] const ssize_t written = ::write(signal.get(), "", 1);
}

void ForkServer::fork_again(ipc::ReceivedForkOrder& received, int may_begin) {
  const pid_t worker = ::fork();
  if (worker == 0) {
    begin(received, may_begin);
  }
  if (worker < 0) {
    tell_that_no_fork_was_possible(received, errno);
  }
  ::_exit(0);
}

void ForkServer::begin(ipc::ReceivedForkOrder& received, int may_begin) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(may_begin, &byte, 1);
  } while (got < 0 && errno == EINTR);
  // Otherwise the fork server or the master is gone, and who waits hears that the pipe is closed.
  if (got != 1 || ::getppid() != master_pid_) {
    ::_exit(1);
  }
  child::close_inherited(std::array{orders_, may_begin});
  received.control.send({received.order.epoch, ipc::ForkedFrame{::getpid()}});
  run_worker_(received.order, received.control, application_ ? &*application_ : nullptr);
  PREFORK_CHECK(false && "a worker returned");
  ::_exit(1);
}

}  // namespace prefork::master
