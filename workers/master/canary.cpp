#include "workers/master/canary.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "ipc/base/error_text.h"
#include "ipc/log/log_text.h"
#include "workers/child/child.h"
#include "workers/child/process_limits.h"
#include "workers/master/inheritance.h"
#include "workers/master/next_program.h"
#include "workers/master/resume_order.h"

namespace prefork::master {

namespace {

constexpr int kCouldNotStart = 127;

config::Problem cannot_be_started(int error) {
  return config::Problem{"it could not be started: " + std::string(ipc::error_text(error)) +
                         child::remedy_for(error)};
}

// The sockets that a service manager has passed are known by the process they are for.
void pass_on_activation(config::Environment& environment, pid_t master) {
  const auto found = environment.find("LISTEN_PID");
  if (found != environment.end() && found->second == std::to_string(master)) {
    found->second = std::to_string(::getpid());
  }
}

// In the new process.
[[noreturn]] void check(const NextProgram& next, config::Environment environment,
                        std::vector<int> inherited, int output, pid_t master) {
  pass_on_activation(environment, master);
  become_helper(master);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  child::close_other_fds(inherited);
  set_inheritable(inherited, true);
  const std::string problem = cannot_be_started(become(next, environment)).text;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, problem.data(), problem.size());
  child::leave(kCouldNotStart);
}

// Its lines as parts of one, without the name that programs put before them.
std::string in_one_line(const std::string& said) {
  constexpr std::string_view kName = "prefork-server: ";
  std::string text;
  for (std::string_view rest = said; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with(kName)) {
      line.remove_prefix(kName.size());
    }
    if (!line.empty()) {
      text += (text.empty() ? "" : "; ") + ipc::escaped(line);
    }
  }
  return text;
}

}  // namespace

Canary::~Canary() { stop(); }

config::Result<void> Canary::start(const std::string& program,
                                   const std::vector<std::string>& arguments,
                                   const config::Environment& environment, int state,
                                   std::vector<int> inherited, TimePoint now) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return cannot_be_started(errno);
  }
  output_ = ipc::OwnedFd(ends[0]);
  const ipc::OwnedFd write_end(ends[1]);
  inherited.push_back(state);
  ResumeOrder order;
  order.is_check = true;
  order.state = state;
  const NextProgram next{program, -1, to_arguments(order, arguments)};
  const pid_t master = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return cannot_be_started(errno);
  }
  if (pid == 0) {
    check(next, environment, std::move(inherited), write_end.get(), master);
  }
  program_ = program;
  pid_ = pid;
  said_.clear();
  is_late_ = false;
  deadline_ = now + kCheckTimeout;
  return {};
}

void Canary::stop() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    stopped_.push_back(std::exchange(pid_, -1));
  }
  output_.reset();
  deadline_.reset();
  verdict_.reset();
}

void Canary::watch(PollSet& polled) {
  if (output_.valid()) {
    polled.add(output_.get(), [this] { read(); });
  }
}

void Canary::read() {
  std::array<char, kMaxSaidBytes> bytes;
  ssize_t got = 0;
  while (output_.valid() && (got = ::read(output_.get(), bytes.data(), bytes.size())) > 0) {
    said_.append(bytes.data(), std::min(static_cast<std::size_t>(got),
                                        kMaxSaidBytes - std::min(said_.size(), kMaxSaidBytes)));
  }
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    output_.reset();
  }
}

void Canary::enforce(TimePoint now) {
  if (deadline_ && now >= *deadline_) {
    deadline_.reset();
    is_late_ = true;
    ::kill(pid_, SIGKILL);
  }
}

bool Canary::on_reaped(supervision::Pid pid, const supervision::Exit& exit) {
  if (std::erase(stopped_, pid) != 0) {
    return true;
  }
  if (pid != pid_) {
    return false;
  }
  pid_ = -1;
  deadline_.reset();
  read();
  // Whatever it may have started itself says nothing that counts.
  output_.reset();
  verdict_ = judge(exit);
  return true;
}

config::Result<void> Canary::judge(const supervision::Exit& exit) {
  const auto problem = [this](const std::string& what) {
    return config::Problem{program_ + ": " + what};
  };
  if (is_late_) {
    return problem("it did not say within " + std::to_string(kCheckTimeout.count()) +
                   " s whether it can go on");
  }
  const bool can = said_.find(kCanGoOn) != said_.npos;
  if (exit.signal == 0 && exit.code == 0) {
    return can ? config::Result<void>() : problem("it did not say that it can go on");
  }
  std::string why = in_one_line(said_);
  if (exit.signal != 0) {
    why = "it was ended by signal " + std::to_string(exit.signal) + (why.empty() ? "" : ": ") + why;
  } else if (exit.code != kCouldNotStart || why.empty()) {
    why = "it ended with exit code " + std::to_string(exit.code) + (why.empty() ? "" : ": ") + why;
  }
  return problem(why);
}

std::optional<config::Result<void>> Canary::take_verdict() {
  return std::exchange(verdict_, std::nullopt);
}

}  // namespace prefork::master
