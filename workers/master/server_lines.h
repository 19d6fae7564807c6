// The master's sentences about the server as a whole; those about its processes are the Narrator's.
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/checks/cpu_count.h"
#include "config/values/exit_code.h"
#include "workers/master/line.h"
#include "workers/supervision/supervisor_state.h"

namespace prefork::master {

// What the server starts with.
struct Announcement {
  std::uint32_t workers = 0;
  std::string workers_basis;  // where the number comes from; may be empty
  std::uint32_t threads = 0;
  std::vector<std::string> urls;
  std::string note;       // what was decided differently than asked for; may be empty
  std::string admin_url;  // empty: off
  std::string watched;    // with --reload; else empty
  std::string cpus{};     // which CPUs they run on; empty: wherever the kernel likes
  std::string agent{};    // where HAProxy may ask; empty: off
  bool is_root = false;   // the workers act for root, and nobody has said that they shall
};

// (What asks for a stop says so itself: why_of.)
Lines starts(const Announcement& announcement);
// Which build of an application a generation serves, as far as its file says so.
Line serves(const std::string& path, const std::string& build_id);
// `missing`: of those that are wanted, after the time that they have for it.
Line is_ready(std::uint32_t workers, std::uint32_t missing, std::uint64_t after_ns);
Line stopped(config::ExitCode code);
// What a signal asks for, as the line of the log that says so; `again`: it asked before.
std::string why_of(int signal, bool again = false);
std::string stops_later(supervision::Duration delay);
inline constexpr std::string_view kDelayIsOver =
    "the time of --shutdown-delay is over: stopping; requests that run may finish";
inline constexpr std::string_view kInterruptedStop = "SIGINT while stopping: stopping at once";
inline constexpr std::string_view kTerminalClosed =
    "SIGHUP: the terminal was closed; stopping; requests that run may finish";
Line means_nothing(int signal);
inline constexpr std::string_view kReloadGivenUp =
    "the reload was given up; the workers go on with the configuration they have";
inline constexpr std::string_view kUpgradeReadsAnew =
    "an upgrade is under way, which reads the configuration anew";
std::string too_many_workers(std::uint32_t workers, std::uint32_t capacity);
inline constexpr std::string_view kObserverStaysAsItIs =
    "--admin: turning the observer on or off takes a restart; it stays as it is";
inline constexpr std::string_view kControlStaysAsItIs =
    "--control: another place takes a restart; it stays as it is";
inline constexpr std::string_view kTasksStayAsTheyAre =
    "--task-workers, --limit-task-queue and --limit-task: a change takes a restart; they stay as "
    "they are";
inline constexpr std::string_view kKeepingTakesARestart =
    "--keep-requests: to begin with it takes a restart; it stays off";
inline constexpr std::string_view kSpansTakeARestart =
    "--trace otlp: to begin with it takes a restart; it is propagate until then";
std::string no_room_for_worker(std::uint32_t slots);
// Of `--workers auto`, whose CPUs have changed; `room`: for so many.
std::string means_other_workers(const config::AutoWorkers& before, const config::AutoWorkers& now,
                                std::uint32_t room);
std::string was_shut_down(std::string_view url);
inline constexpr std::string_view kLastWorkerStays = "the last worker stays";

}  // namespace prefork::master
