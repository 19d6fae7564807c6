#include "workers/master/symbolizer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "workers/master/program.h"
#include "workers/symbols/symbolizer_main.h"

namespace prefork::master {

namespace {

constexpr std::size_t kMaxAnswerBytes = symbols::kMaxRequests * 2 * (symbols::kMaxNameBytes + 1);

// As the helper has it.
const std::string kApplicationOfHelper = "/proc/self/fd/" + std::to_string(kHelperExtraFd);

// In memory, so that nobody waits for anybody to read it.
ipc::OwnedFd written_down(const Symbolizer::Question& question) {
  std::string text;
  for (symbols::SymbolRequest request : question.requests) {
    if (question.application.valid() && request.path == question.application_path) {
      request.path = kApplicationOfHelper;
    }
    text += symbols::to_line(request);
  }
  ipc::OwnedFd file(::memfd_create("prefork-symbols", MFD_CLOEXEC));
  if (file.valid() &&
      (::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))) {
    file.reset();
  }
  return file;
}

}  // namespace

Symbolizer::~Symbolizer() {
  for (const Helper& helper : helpers_) {
    if (helper.pid != 0) {
      ::kill(helper.pid, SIGKILL);
    }
  }
}

void Symbolizer::ask(Question question, Answer answer) {
  if (question.requests.size() > symbols::kMaxRequests) {
    question.requests.resize(symbols::kMaxRequests);
  }
  if (waiting_.size() >= kMaxWaiting) {
    answer({});
    return;
  }
  waiting_.push_back({std::move(question), std::move(answer)});
}

void Symbolizer::start_waiting(TimePoint now) {
  while (!waiting_.empty() && helpers_.size() < kMaxAtOnce) {
    Asked next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next), now);
  }
}

void Symbolizer::start(Asked asked, TimePoint now) {
  if (asked.question.requests.empty()) {
    return asked.answer({});
  }
  std::array<int, 2> ends{-1, -1};
  const ipc::OwnedFd input = written_down(asked.question);
  if (!input.valid() || ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return asked.answer({});
  }
  Helper helper;
  helper.output = ipc::OwnedFd(ends[0]);
  const ipc::OwnedFd output(ends[1]);
  helper.pid = start_helper(symbols::kSymbolizeArgument, input.get(), output.get(),
                            asked.question.application.get());
  if (helper.pid < 0) {
    return asked.answer({});
  }
  helper.until = now + kPatience;
  helper.questions = asked.question.requests.size();
  helper.answer = std::move(asked.answer);
  helpers_.push_back(std::move(helper));
}

void Symbolizer::watch(PollSet& polled) {
  for (Helper& helper : helpers_) {
    if (!helper.is_over) {
      polled.add(helper.output.get(), [this, &helper] { read(helper); });
    }
  }
}

void Symbolizer::read(Helper& helper) {
  std::array<char, 4096> bytes;
  for (;;) {
    const ssize_t size = ::read(helper.output.get(), bytes.data(), bytes.size());
    if (size > 0 && helper.said.size() < kMaxAnswerBytes) {
      helper.said.append(bytes.data(), static_cast<std::size_t>(size));
      continue;
    }
    helper.is_over = size >= 0 || (errno != EAGAIN && errno != EINTR);
    return;
  }
}

std::optional<Symbolizer::TimePoint> Symbolizer::deadline() const {
  std::optional<TimePoint> first;
  if (!waiting_.empty() && helpers_.size() < kMaxAtOnce) {
    first = TimePoint{};
  }
  for (const Helper& helper : helpers_) {
    const TimePoint due = helper.is_over ? TimePoint{} : helper.until;
    first = std::min(first.value_or(due), due);
  }
  return first;
}

void Symbolizer::enforce(TimePoint now) {
  for (std::size_t i = 0; i < helpers_.size();) {
    if (!helpers_[i].is_over && now < helpers_[i].until) {
      ++i;
      continue;
    }
    Helper done = std::move(helpers_[i]);
    helpers_.erase(helpers_.begin() + static_cast<std::ptrdiff_t>(i));
    if (done.pid != 0) {
      // What it has not said by now nobody waits for.
      ::kill(done.pid, SIGKILL);
      ended_.push_back(done.pid);
    }
    give(done);
  }
  start_waiting(now);
}

// Lines that are missing are answers that are not known.
void Symbolizer::give(Helper& helper) {
  Symbols symbols;
  std::string_view rest = helper.said;
  while (symbols.size() < helper.questions) {
    const std::size_t end = rest.find('\n');
    symbols.push_back(end == rest.npos ? symbols::Symbol{}
                                       : symbols::parse_symbol(rest.substr(0, end)));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  helper.answer(symbols);
}

bool Symbolizer::on_reaped(supervision::Pid pid) {
  if (std::erase(ended_, pid) != 0) {
    return true;
  }
  const auto found = std::find_if(helpers_.begin(), helpers_.end(),
                                  [pid](const Helper& helper) { return helper.pid == pid; });
  if (found == helpers_.end()) {
    return false;
  }
  found->pid = 0;  // what it has said is in the pipe
  return true;
}

}  // namespace prefork::master
