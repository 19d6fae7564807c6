#include "config/options/option_table.h"

#include <algorithm>
#include <array>

#include "config/base/config_error.h"
#include "config/base/number.h"
#include "config/options/admin_options.h"
#include "config/options/general_options.h"
#include "config/options/listen_options.h"
#include "config/options/log_options.h"
#include "config/options/pool_options.h"
#include "config/options/process_options.h"
#include "config/options/proxy_options.h"
#include "config/options/rollout_options.h"
#include "config/options/scheduling_options.h"
#include "config/options/service_options.h"
#include "config/options/static_options.h"
#include "config/options/trace_options.h"

namespace prefork::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKilobyte = 1024;
constexpr std::size_t kMegabyte = 1024 * kKilobyte;
constexpr std::size_t kGigabyte = 1024 * kMegabyte;

constexpr DurationField deadline(OptionMember<std::chrono::milliseconds> member) {
  return {member, 10ms, 24h};
}

constexpr DurationField deadline_or_off(OptionMember<std::chrono::milliseconds> member) {
  return {member, 10ms, 24h, true};
}

constexpr std::uint32_t kMillion = 1'000'000;

// What the program does instead of serving.
constexpr OptionSpec action(std::string_view name, std::string_view placeholder,
                            std::string_view help, const OptionField& field) {
  return {name, placeholder, OptionGroup::general, help, field, {}, OptionReach::command_line_only};
}

constexpr std::array kOptions = {
    OptionSpec{"host", "HOST", OptionGroup::listening, "Address or name to listen on.", kHost},
    OptionSpec{"port", "PORT", OptionGroup::listening, "Port to listen on; 0 takes a free one.",
               kPort, "$PORT or 8000"},
    OptionSpec{"uds", "PATH", OptionGroup::listening, "Listen on a Unix socket.", kUds},
    OptionSpec{"uds-mode", "MODE", OptionGroup::listening,
               "Permissions of Unix sockets, but for --admin's: 660 lets owner and group connect.",
               kUdsMode, "666 without the umask"},
    OptionSpec{"fd", "N", OptionGroup::listening, "Listen on a socket inherited as descriptor N.",
               kFd},
    OptionSpec{
        "bind", "ADDRESS", OptionGroup::listening,
        "Listen on host:port, :8000, [::1]:8000, unix:/path, fd://3 or systemd:NAME (a socket "
        "that systemd has opened); repeat it for more addresses, 64 at most. With ,proxy-protocol "
        "behind it, that address expects the "
        "PROXY protocol.",
        kBind},
    OptionSpec{"backlog", "N", OptionGroup::listening, "Connections the kernel keeps waiting.",
               CountField{member<&Options::listening, &ListenOptions::backlog>(), 1, 65'535}},

    OptionSpec{"workers", "N|auto", OptionGroup::processes,
               "Worker processes; auto is the smaller of CPU affinity and CPU quota.", kWorkers,
               "$WEB_CONCURRENCY or auto"},
    OptionSpec{"threads", "N", OptionGroup::processes,
               "Pool threads of each worker, for handlers that block.",
               CountField{member<&Options::processes, &ProcessOptions::threads>(), 1, 256}},
    OptionSpec{"pool", "NAME=N", OptionGroup::processes,
               "N more threads of each worker, for the routes that name this class; repeat it for "
               "more, 8 at most. Behind it: ,queue=512 ,wait=1s (answer 503 then; off) ,reserve=0 "
               "(threads for high priority) ,batch. The name default stands for --threads.",
               kPool},
    OptionSpec{"pool-order", "ORDER", OptionGroup::processes,
               "Which waiting request a pool thread takes: fcfs, shortest (expected), round-robin "
               "(of clients) or feedback.",
               kPoolOrder},
    OptionSpec{"cpu-affinity", "off|auto|LIST", OptionGroup::processes,
               "Each worker, with its pool, runs on a physical core of its own: of the CPUs it may "
               "run on, or of a list such as 0-3,8. off leaves it to the kernel.",
               kCpuAffinity},
    OptionSpec{"nice", "N", OptionGroup::processes,
               "Nice value of the workers (not of the master); without it, what the server was "
               "started with.",
               kNice},
    OptionSpec{"task-workers", "N", OptionGroup::processes,
               "Processes beside the workers that run the application's tasks: what would keep a "
               "processor busy, or might crash.",
               CountField{member<&Options::tasks, &TaskOptions::workers>(), 0, kMaxTaskWorkers}},
    OptionSpec{"limit-max-requests", "N", OptionGroup::processes,
               "Replace a worker after so many requests; 0 is never.",
               CountField{member<&Options::processes, &ProcessOptions::max_requests>(), 0,
                          1000 * kMillion}},
    OptionSpec{"limit-max-requests-jitter", "N", OptionGroup::processes,
               "Up to so many requests more, at random for each worker.", kMaxRequestsJitter,
               "a tenth of --limit-max-requests"},
    OptionSpec{"max-worker-lifetime", "TIME", OptionGroup::processes,
               "Replace a worker that is so old, or up to a tenth older, at random.",
               DurationField{member<&Options::recycling, &RecycleOptions::max_lifetime>(), 1s, 720h,
                             true}},
    OptionSpec{
        "max-worker-memory", "SIZE", OptionGroup::processes,
        "Replace a worker that has more memory than this, its part of what is shared "
        "included, at two looks in a row; 0 is no limit.",
        SizeField{member<&Options::recycling, &RecycleOptions::max_memory>(), 0, 1024 * kGigabyte}},
    OptionSpec{"memory-interval", "TIME", OptionGroup::processes,
               "With --max-worker-memory: between two looks, more or less.",
               deadline(member<&Options::recycling, &RecycleOptions::memory_interval>())},
    OptionSpec{"preload", "", OptionGroup::processes,
               "Load the application before the workers are forked: they share what it has read "
               "by copy-on-write.",
               SwitchField{member<&Options::processes, &ProcessOptions::preload>()}},
    OptionSpec{"start-method", "METHOD", OptionGroup::processes,
               "How workers are made: fork (of the master), spawn (the program started anew, with "
               "an address space of its own) or forkserver (fork of a process that does nothing "
               "else).",
               kStartMethod, "fork; with --preload forkserver"},
    OptionSpec{"timeout-worker-boot", "TIME", OptionGroup::processes,
               "A worker must be ready within this time.",
               deadline(member<&Options::processes, &ProcessOptions::boot_timeout>())},
    OptionSpec{"timeout-worker-healthcheck", "TIME", OptionGroup::processes,
               "Replace a worker whose event loop is silent for this time.",
               DurationField{member<&Options::processes, &ProcessOptions::healthcheck_timeout>(),
                             500ms, 24h, true}},
    OptionSpec{"slow-request", "TIME", OptionGroup::processes,
               "A request whose handler takes longer than this is named in the log, with the call "
               "stack of its thread.",
               deadline_or_off(member<&Options::processes, &ProcessOptions::slow_request>())},
    OptionSpec{"timeout-graceful-shutdown", "TIME", OptionGroup::processes,
               "Running requests may take this time to finish when a worker stops.",
               deadline(member<&Options::processes, &ProcessOptions::graceful_timeout>())},
    OptionSpec{
        "timeout-replaced-worker", "TIME", OptionGroup::processes,
        "Running requests may take this time to finish when a worker was replaced (a reload, a "
        "recycle); the next reload shortens it to --timeout-graceful-shutdown.",
        deadline_or_off(member<&Options::processes, &ProcessOptions::replaced_timeout>())},
    OptionSpec{"reload-max-unavailable", "N|N%", OptionGroup::processes,
               "Workers that a reload replaces at a time, a number or a share of all, rounded "
               "down; each serves until its successor is ready, so as many more run meanwhile.",
               kReloadMaxUnavailable},
    OptionSpec{"probe-path", "PATH", OptionGroup::processes,
               "Each worker asks itself for this path before it serves; other than 200 to 399 "
               "within 5 s it could not boot, and a reload is given up. off asks for nothing.",
               kProbePath},
    OptionSpec{"head-parser", "auto|llhttp", OptionGroup::processes,
               "What reads the heads of requests: auto takes a fast path of this processor's for "
               "those with nothing unusual in them; llhttp reads every one.",
               kHeadParser},
    OptionSpec{"reload-soak", "TIME", OptionGroup::processes,
               "A reload watches its first worker for this time before it replaces the others, and "
               "goes back when that one ends, or answers worse than those before it.",
               deadline_or_off(member<&Options::rollout, &RolloutOptions::soak>())},

    OptionSpec{"timeout-keep-alive", "TIME", OptionGroup::timeouts,
               "Close a connection that is idle for this time.",
               deadline(member<&Options::timeouts, &TimeoutOptions::keep_alive>())},
    OptionSpec{"timeout-header", "TIME", OptionGroup::timeouts,
               "The request line and headers must arrive within this time.",
               deadline(member<&Options::timeouts, &TimeoutOptions::header>())},
    OptionSpec{"timeout-body", "TIME", OptionGroup::timeouts,
               "The request body must arrive within this time.",
               deadline(member<&Options::timeouts, &TimeoutOptions::body>())},
    OptionSpec{"timeout-write", "TIME", OptionGroup::timeouts,
               "The client must take the response within this time.",
               deadline(member<&Options::timeouts, &TimeoutOptions::write>())},
    OptionSpec{"timeout-request", "TIME", OptionGroup::timeouts,
               "A request may take this time from its first byte to the end of its response.",
               deadline_or_off(member<&Options::timeouts, &TimeoutOptions::request>())},
    OptionSpec{"timeout-deferred", "TIME", OptionGroup::timeouts,
               "A deferred handler must have begun its answer within this time; then it is 504.",
               deadline(member<&Options::timeouts, &TimeoutOptions::deferred>())},
    OptionSpec{"timeout-task", "TIME", OptionGroup::timeouts,
               "A task must have ended this long after it was submitted, unless that said "
               "otherwise; then its process is killed.",
               deadline(member<&Options::tasks, &TaskOptions::timeout>())},

    OptionSpec{"limit-connections", "N", OptionGroup::limits, "Open connections of each worker.",
               CountField{member<&Options::limits, &LimitOptions::connections>(), 1, kMillion}},
    OptionSpec{"limit-concurrency", "N", OptionGroup::limits,
               "Requests in progress in each worker, running and waiting; more get 503.",
               CountField{member<&Options::limits, &LimitOptions::concurrency>(), 1, kMillion}},
    OptionSpec{"limit-streams", "N", OptionGroup::limits,
               "Responses without a length (event streams) in each worker; more get 503.",
               CountField{member<&Options::limits, &LimitOptions::streams>(), 1, kMillion}},
    OptionSpec{"limit-queue", "N", OptionGroup::limits,
               "Requests of each worker that wait for a pool thread; more get 503.",
               CountField{member<&Options::limits, &LimitOptions::queue>(), 1, kMillion}},
    OptionSpec{
        "limit-request-line", "SIZE", OptionGroup::limits, "Length of the request line.",
        SizeField{member<&Options::limits, &LimitOptions::request_line>(), 256, 64 * kKilobyte}},
    OptionSpec{
        "limit-header-bytes", "SIZE", OptionGroup::limits,
        "Length of the request line and all headers together.",
        SizeField{member<&Options::limits, &LimitOptions::header_bytes>(), kKilobyte, kMegabyte}},
    OptionSpec{"limit-header-count", "N", OptionGroup::limits, "Number of headers of a request.",
               CountField{member<&Options::limits, &LimitOptions::header_count>(), 1, 1000}},
    OptionSpec{"limit-body", "SIZE", OptionGroup::limits,
               "Length of a request body; 0 allows none.",
               SizeField{member<&Options::limits, &LimitOptions::body>(), 0, 64 * kGigabyte}},
    OptionSpec{"limit-route-deaths", "N", OptionGroup::limits,
               "Workers that the requests of one route may take with them within a minute; then it "
               "is answered with 503 for a while. 0 is no limit.",
               CountField{member<&Options::limits, &LimitOptions::route_deaths>(), 0, 1000}},
    OptionSpec{"limit-task-queue", "N", OptionGroup::limits,
               "Jobs of all workers that wait for a task process or run in one.",
               CountField{member<&Options::tasks, &TaskOptions::queue>(), 1, 4096}},
    OptionSpec{
        "limit-task", "SIZE", OptionGroup::limits,
        "Length of a task's argument, and of its result.",
        SizeField{member<&Options::tasks, &TaskOptions::bytes>(), kKilobyte, 64 * kMegabyte}},

    OptionSpec{"proxy-headers", "", OptionGroup::proxies,
               "Take the client's address and scheme from X-Forwarded-For, X-Forwarded-Proto and "
               "Forwarded; --no-proxy-headers does not.",
               SwitchField{member<&Options::proxies, &ProxyOptions::proxy_headers>()}, "on"},
    OptionSpec{"forwarded-allow-ips", "ADDRESSES", OptionGroup::proxies,
               "Whose forwarded headers to trust: addresses, networks, unix or *, separated by "
               "commas; repeat it for more.",
               kForwardedAllowIps, "$FORWARDED_ALLOW_IPS or 127.0.0.1,::1,unix"},
    OptionSpec{"proxy-protocol", "", OptionGroup::proxies,
               "Expect the PROXY protocol, version 1 or 2, on every address; for one of them see "
               "--bind.",
               SwitchField{member<&Options::proxies, &ProxyOptions::proxy_protocol>()}},
    OptionSpec{"proxy-allow-from", "ADDRESSES", OptionGroup::proxies,
               "Who may connect where the PROXY protocol is expected, written as in "
               "--forwarded-allow-ips.",
               kProxyAllowFrom, "127.0.0.1,::1,unix"},
    OptionSpec{"root-path", "PATH", OptionGroup::proxies,
               "The path under which the proxy offers the application, as in /shop.", kRootPath},

    OptionSpec{
        "header", "NAME:VALUE", OptionGroup::responses,
        "Add a header to every response; repeat it for more, 64 at most. Server replaces the "
        "default one.",
        kHeader},
    OptionSpec{"server-header", "", OptionGroup::responses,
               "Send the header Server; --no-server-header leaves it out.",
               SwitchField{member<&Options::responses, &ResponseOptions::server_header>()}, "on"},
    OptionSpec{"date-header", "", OptionGroup::responses,
               "Send the header Date; --no-date-header leaves it out.",
               SwitchField{member<&Options::responses, &ResponseOptions::date_header>()}, "on"},
    OptionSpec{"server-timing", "", OptionGroup::responses,
               "Send the header Server-Timing: how long the request waited for a thread and how "
               "long its handler took.",
               SwitchField{member<&Options::responses, &ResponseOptions::server_timing>()}},

    OptionSpec{"index", "NAME", OptionGroup::static_files, "The file that answers for its folder.",
               kIndex},
    OptionSpec{"listing", "", OptionGroup::static_files,
               "A folder without that file lists what is in it.",
               SwitchField{member<&Options::files, &StaticOptions::listing>()}},
    OptionSpec{"spa", "", OptionGroup::static_files,
               "A path that names no file gets the index of PATH, where the client takes HTML and "
               "the path has no extension.",
               SwitchField{member<&Options::files, &StaticOptions::spa>()}},
    OptionSpec{"cache-control", "PATTERN=VALUE", OptionGroup::static_files,
               "Cache-Control of files: *.js=max-age=3600, or /assets/*=no-cache for paths; repeat "
               "it for more, the first that matches counts.",
               kCacheControl},

    OptionSpec{"reload", "", OptionGroup::development,
               "Replace the workers, as the signal HUP does, when the application's file or "
               "something in a --reload-dir changes.",
               SwitchField{member<&Options::development, &DevelopmentOptions::reload>()}},
    OptionSpec{"reload-dir", "PATH", OptionGroup::development,
               "With --reload: watch this folder too, with everything below it but hidden names; "
               "repeat it for more, 64 at most.",
               kReloadDir},

    OptionSpec{"admin", "ADDRESS", OptionGroup::admin,
               "Statistics and health on host:port or unix:/path, or off. When the default port is "
               "taken, a free one is used.",
               kAdmin},
    OptionSpec{"admin-mode", "MODE", OptionGroup::admin,
               "Permissions of --admin unix:/path: who may connect may command the server from its "
               "page, unless that is everybody.",
               kAdminMode, "600"},
    OptionSpec{"admin-token", "FILE", OptionGroup::admin,
               "Answer on --admin only who sends the token in this file, its first line, as "
               "Authorization: Bearer; its page then commands the server too. off asks nobody.",
               kAdminToken},
    OptionSpec{"admin-public", "health,metrics|off", OptionGroup::admin,
               "With --admin-token: what is shown without it. health is /healthz and /readyz, "
               "without reasons.",
               kAdminPublic},
    OptionSpec{
        "control", "PATH|off", OptionGroup::admin,
        "The socket over which preforkctl commands the server. Without it a file control.sock "
        "in $RUNTIME_DIRECTORY, else PID.sock in $XDG_RUNTIME_DIR/prefork-server, else in "
        "/tmp/prefork-server-UID.",
        kControl},

    OptionSpec{"log-level", "LEVEL", OptionGroup::logging,
               "Least severity to log: trace, debug, info, warning, error, critical or off.",
               kLogLevel},
    OptionSpec{"log-file", "PATH", OptionGroup::logging,
               "Append the log to a file; - is standard error.", kLogFile, "standard error"},
    OptionSpec{"access-log", "PATH", OptionGroup::logging,
               "Append a line for each request to a file; - is standard output, off is none.",
               kAccessLog, "off; with --reload -"},
    OptionSpec{"access-log-format", "FORMAT", OptionGroup::logging,
               "Form of its lines: combined, json, or a template such as '$remote_addr $status'.",
               kAccessLogFormat},
    OptionSpec{"keep-requests", "DIR", OptionGroup::logging,
               "When a worker dies, keep the requests it had in hand as files in this folder, for "
               "prefork-server replay; off keeps none.",
               kKeepRequests},
    OptionSpec{"trace", "off|propagate|otlp", OptionGroup::logging,
               "Part of which trace a request is (W3C Trace Context): off; propagate takes it from "
               "traceparent or begins one, for the logs and the application; otlp sends spans too.",
               kTrace},
    OptionSpec{"trace-collector", "URL", OptionGroup::logging,
               "Where spans are sent, as OTLP/HTTP with JSON: http://ADDRESS:PORT/v1/traces.",
               kTraceCollector},
    OptionSpec{
        "trace-sample", "RATIO", OptionGroup::logging,
        "Which part of the traces that begin here is sampled; else the caller decides. Answers "
        "with 5xx, and those slower than --slow-request, are sent always.",
        kTraceSample},
    OptionSpec{"trace-service", "NAME", OptionGroup::logging, "What the spans call the service.",
               kTraceService},

    OptionSpec{"user", "NAME|UID", OptionGroup::service,
               "Whom workers, task processes and the observer act for, and their groups; they give "
               "up every capability. The master stays root.",
               kUser, "whoever starts it"},
    OptionSpec{"group", "NAME|GID", OptionGroup::service, "With --user: their first group.", kGroup,
               "that of --user"},
    OptionSpec{"umask", "MODE", OptionGroup::service,
               "Permissions that new files do not get, as in 027.", kUmask, "as it is started"},
    OptionSpec{"chdir", "PATH", OptionGroup::service,
               "The folder that workers work in, and that relative names begin in.", kChdir},
    OptionSpec{"pidfile", "PATH", OptionGroup::service,
               "Write the master's pid to a file, which it keeps locked and removes at the end.",
               kPidfile},
    OptionSpec{"shutdown-delay", "TIME", OptionGroup::service,
               "After TERM, go on for this time but say at /readyz that it is not ready, so that "
               "load balancers send nobody any more; then stop.",
               deadline_or_off(member<&Options::service, &ServiceOptions::shutdown_delay>())},
    OptionSpec{"agent-check", "ADDRESS", OptionGroup::service,
               "Tell HAProxy's agent check on host:port whether to send requests, and how many.",
               kAgentCheck},

    OptionSpec{"demo-crash", "", OptionGroup::demo,
               "Let GET /crash of the demo application crash its worker.",
               SwitchField{member<&Options::demo, &DemoOptions::crash>()}},

    OptionSpec{"app", "PATH", OptionGroup::general,
               "What to serve, in another way than as the argument PATH.", kApp},
    OptionSpec{"set", "KEY=VALUE", OptionGroup::general,
               "A setting of the application, in place of that in the table [app] of the file; "
               "repeat it for more, 256 at most. Whoever may list processes sees it.",
               SettingsField{member<&Options::application, &ApplicationOptions::settings>()}},
    OptionSpec{"config",
               "FILE",
               OptionGroup::general,
               "Read options from a TOML file.",
               kConfig,
               {},
               OptionReach::not_in_file},
    action("check-config", "", "Say every error of the configuration at once and exit.",
           ActionField{}),
    action("print-config", "", "Print every option, its value and where it came from, and exit.",
           ActionField{}),
    action("print-completion", "SHELL",
           "Print what bash, zsh or fish needs to complete the command lines of this program "
           "and of preforkctl, and exit.",
           kPrinted),
    action("print-man", "PAGE",
           "Print the man page prefork-server.8, preforkctl.1 or prefork.toml.5, and exit.",
           kPrinted),
    OptionSpec{"notify-fd", "N", OptionGroup::general,
               "Write the addresses and a line 'ready' to descriptor N once it serves.", kNotifyFd},
    action("version", "", "Print the version and exit.", ActionField{}),
    action("help", "", "Print this text and exit; also -h.", ActionField{}),
};

}  // namespace

std::span<const OptionSpec> option_table() { return kOptions; }

const OptionSpec* find_option(std::string_view name) {
  const auto found = std::find_if(kOptions.begin(), kOptions.end(),
                                  [&](const OptionSpec& option) { return option.name == name; });
  return found == kOptions.end() ? nullptr : &*found;
}

std::string command_line_name(const OptionSpec& option) { return "--" + std::string(option.name); }

std::string environment_name(const OptionSpec& option) {
  std::string name = "PREFORK_";
  for (const char letter : option.name) {
    const bool is_lower = letter >= 'a' && letter <= 'z';
    name += letter == '-' ? '_' : is_lower ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

std::string file_key(const OptionSpec& option) {
  std::string key(option.name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

}  // namespace prefork::config
