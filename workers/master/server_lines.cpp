#include "workers/master/server_lines.h"

#include <csignal>
#include <utility>

#include "config/version.h"
#include "workers/master/wording.h"

namespace prefork::master {

using config::LogLevel;

Lines starts(const Announcement& announcement) {
  Lines lines;
  const auto& basis = announcement.workers_basis;
  lines.push_back({LogLevel::info, "prefork-server " + std::string(config::kVersion) +
                                       " starts with " + counted(announcement.workers, "worker") +
                                       (basis.empty() ? "" : " (" + basis + ")") + ", " +
                                       std::to_string(announcement.threads) +
                                       " pool threads each"});
  if (!announcement.cpus.empty()) {
    lines.push_back({LogLevel::info, "--cpu-affinity: " + announcement.cpus});
  }
  for (const std::string& url : announcement.urls) {
    lines.push_back({LogLevel::info, "listening on " + url});
  }
  if (announcement.is_root) {
    lines.push_back({LogLevel::warning,
                     "the workers are root, and so is whoever takes one over; --user NAME has them "
                     "act for somebody else (--user root: this is meant)"});
  }
  if (!announcement.note.empty()) {
    lines.push_back({LogLevel::warning, announcement.note});
  }
  if (!announcement.admin_url.empty()) {
    lines.push_back({LogLevel::info, "statistics on " + announcement.admin_url + "/stats"});
  }
  if (!announcement.agent.empty()) {
    lines.push_back({LogLevel::info, "agent check on " + announcement.agent});
  }
  if (!announcement.watched.empty()) {
    lines.push_back({LogLevel::info, "reload: watching " + announcement.watched});
  }
  return lines;
}

Line serves(const std::string& path, const std::string& build_id) {
  return {LogLevel::info,
          "serving '" + path + "'" + (build_id.empty() ? "" : ", build id " + build_id)};
}

Line is_ready(std::uint32_t workers, std::uint32_t missing, std::uint64_t after_ns) {
  std::string text = "ready: " + counted(workers, "worker") + " in " +
                     std::to_string(after_ns / 1'000'000) + " ms";
  if (missing == 0) {
    return {LogLevel::info, std::move(text)};
  }
  return {LogLevel::warning, std::move(text) + "; " + std::to_string(missing) +
                                 " more did not get ready in time (--timeout-worker-boot)"};
}

Line stopped(config::ExitCode code) {
  return {LogLevel::info, code == config::ExitCode::requests_cut
                              ? "stopped; running requests were cut"
                              : "stopped"};
}

std::string stops_later(supervision::Duration delay) {
  return "SIGTERM: not ready for new clients any more; stopping in " + seconds(delay) +
         " (--shutdown-delay)";
}

std::string why_of(int signal, bool again) {
  switch (signal) {
    case SIGTERM:
      return "SIGTERM: stopping; requests that run may finish";
    case SIGINT:
      return again ? "second SIGINT: stopping at once"
                   : "SIGINT: stopping; requests that run may finish"
                     " (Ctrl+C again to stop at once)";
    case SIGQUIT:
      return "SIGQUIT: stopping at once";
    case SIGHUP:
      return "SIGHUP: reading the configuration again";
    case SIGTTIN:
      return "SIGTTIN: one worker more";
    case SIGTTOU:
      return "SIGTTOU: one worker fewer";
    case SIGUSR1:
      return "SIGUSR1: log files opened anew";
    case SIGUSR2:
      return "SIGUSR2: going on as the program that lies at the server's path";
    default:
      return "";
  }
}

Line means_nothing(int signal) {
  return {LogLevel::debug, "signal " + std::to_string(signal) + " means nothing here"};
}

std::string too_many_workers(std::uint32_t workers, std::uint32_t capacity) {
  return "--workers: " + std::to_string(workers) + " are more than the " +
         std::to_string(capacity) + " this master has room for; restart it for so many";
}

std::string was_shut_down(std::string_view url) {
  return "the application has shut down the listening socket of " + std::string(url) +
         " for all workers";
}

std::string no_room_for_worker(std::uint32_t slots) {
  return "no room for another worker: all " + std::to_string(slots) + " slots are in use";
}

std::string means_other_workers(const config::AutoWorkers& before, const config::AutoWorkers& now,
                                std::uint32_t room) {
  std::string text = "--workers auto: " + now.basis + " (before: " + before.basis +
                     "): " + counted(now.workers, "worker") + " instead of " +
                     std::to_string(before.workers);
  if (now.workers > room) {
    text += "; there is room for " + std::to_string(room) + ", for more restart the server";
  }
  return text;
}

}  // namespace prefork::master
