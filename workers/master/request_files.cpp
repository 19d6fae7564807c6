#include "workers/master/request_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "workers/child/child.h"
#include "workers/master/request_folder.h"

namespace prefork::master {

namespace {

using supervision::Clock;

// "2026-11-29T08:00:00.123+00:00" is no name for a file.
std::string name_of_file(const ipc::KeptAbout& about, std::uint64_t request) {
  std::string name = about.time.substr(0, about.time.find('+'));
  std::replace(name.begin(), name.end(), ':', '-');
  return name + "-worker-" + std::to_string(about.slot) + "-" + std::to_string(about.pid) + "-" +
         std::to_string(request);
}

// In a process of its own.
void write_files(const std::vector<ipc::KeptRequest>& requests, const std::string& path,
                 const ipc::KeptAbout& about, child::Log& log) {
  const RequestFolder folder(path);
  for (const ipc::KeptRequest& request : requests) {
    const auto added =
        folder.add(name_of_file(about, request.id), ipc::kept_file_text(request, about));
    if (!added.ok()) {
      log.warning("--keep-requests: " + added.problem().text);
      break;  // the others would have no better luck
    }
    log.info("kept a request of worker " + std::to_string(about.slot) + " (pid " +
             std::to_string(about.pid) + "), for prefork-server replay: " + added.value());
  }
  folder.prune(std::chrono::system_clock::now());
}

[[noreturn]] void become_writer(pid_t master, const std::vector<ipc::KeptRequest>& requests,
                                const std::string& path, const ipc::KeptAbout& about,
                                child::Log& log) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // These are for the whole service, and this ends by itself.
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  child::die_with(master);
  const std::array<int, 1> keep = {log.fd()};
  child::close_other_fds(keep);
  log.set_name("request writer");
  write_files(requests, path, about, log);
  child::leave(0);
}

}  // namespace

RequestFiles::~RequestFiles() {
  for (const Writer& writer : writers_) {
    ::kill(writer.pid, SIGKILL);
  }
}

void RequestFiles::on_end(ipc::Place at, const std::string& folder, const ipc::KeptAbout& about) {
  if (kept_ == nullptr) {
    return;
  }
  const std::vector<ipc::KeptRequest> requests = kept_->take(at, kMaxPerDeath);
  if (requests.empty() || folder.empty()) {
    return;
  }
  const pid_t master = ::getpid();
  const pid_t pid = writers_.size() < kMaxWriters ? ::fork() : -1;
  if (pid == 0) {
    become_writer(master, requests, folder, about, log_);
  }
  if (pid < 0) {
    return log_.warning("--keep-requests: no process to write the requests of worker " +
                        std::to_string(at.slot) + "; they are lost");
  }
  writers_.push_back({pid, Clock::now() + kPatience});
}

std::optional<supervision::TimePoint> RequestFiles::deadline() const {
  std::optional<supervision::TimePoint> first;
  for (const Writer& writer : writers_) {
    if (!writer.is_killed && (!first || writer.until < *first)) {
      first = writer.until;
    }
  }
  return first;
}

void RequestFiles::enforce(supervision::TimePoint now) {
  for (Writer& writer : writers_) {
    if (!writer.is_killed && now >= writer.until) {
      log_.warning("--keep-requests: the folder does not take the files in time");
      ::kill(writer.pid, SIGKILL);
      writer.is_killed = true;
    }
  }
}

bool RequestFiles::on_reaped(supervision::Pid pid) {
  return std::erase_if(writers_, [pid](const Writer& writer) { return writer.pid == pid; }) != 0;
}

}  // namespace prefork::master
