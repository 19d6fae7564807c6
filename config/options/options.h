// What the program was asked to do: final values, read from the command line, the environment, the
// file and the defaults. Plain data without behaviour. The master makes it before the first fork
// (and again on SIGHUP); workers and the observer keep the copy they were forked with.
//
// The groups are those of `--help`, so that each can be handed on whole to whom it concerns. The
// initial values here are the defaults. Names, ranges and help are in option_table.cpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/values/account.h"
#include "config/values/app_setting.h"
#include "config/values/bind.h"
#include "config/values/cache_rule.h"
#include "config/values/collector_url.h"
#include "config/values/cpu_affinity.h"
#include "config/values/head_parser.h"
#include "config/values/header_field.h"
#include "config/values/ip_networks.h"
#include "config/values/log_format.h"
#include "config/values/pool_spec.h"
#include "config/values/ratio.h"
#include "config/values/start_method.h"
#include "config/values/trace_mode.h"
#include "config/values/worker_share.h"

namespace prefork::config {

enum class LogLevel { trace, debug, info, warning, error, critical, off };

// What is served.
struct ServeTarget {
  enum class Kind {
    none,         // the demo application
    folder,       // files
    application,  // a shared object
  };
  Kind kind = Kind::none;
  std::string path;  // absolute; empty: none

  bool operator==(const ServeTarget&) const = default;
};

// Where requests are taken. Four forms of saying it are kept as they were written; `binds` is what
// follows from them.
struct ListenOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  std::string uds;                                           // empty: not given
  int fd = -1;                                               // -1: not given
  std::vector<Bind> given_binds;                             // empty: not given
  std::vector<Bind> binds = {Bind::tcp("127.0.0.1", 8000)};  // 1 to kMaxBinds, never empty
  std::optional<std::uint32_t> uds_mode;                     // none: 0666 without the umask
  std::uint32_t backlog = 2048;                              // connections, 1 to 65535

  bool operator==(const ListenOptions&) const = default;
};

struct ProcessOptions {
  std::uint32_t workers = 1;    // 1 to kMaxWorkers; `auto` is already resolved
  bool workers_auto = true;     // whether `auto` decided
  std::string workers_basis;    // how `auto` came to its number; empty without `auto`
  std::uint32_t threads = 8;    // pool threads of each worker, 1 to 256
  std::vector<PoolSpec> pools;  // those that were named; see pool_classes()
  PoolOrder pool_order = PoolOrder::fcfs;
  CpuAffinity cpu_affinity;
  std::vector<CpuSet> worker_cpus;   // what follows from it: worker N's is element N modulo their
                                     // number; empty: wherever the kernel likes
  std::string cpu_basis;             // how it came to that; empty without --cpu-affinity
  std::optional<std::int32_t> nice;  // of the workers, -20 to 19; none: as it was started
  std::uint32_t max_requests = 0;    // of one worker's life; 0: never replaced
  // Up to so many more, at random per worker; none: a share of max_requests, see worker.cpp.
  std::optional<std::uint32_t> max_requests_jitter;
  bool preload = false;  // the fork server loads the application before it forks the workers
  StartMethod start_method = StartMethod::fork;          // forkserver with preload
  std::chrono::milliseconds boot_timeout{60'000};        // 10 ms to 24 h
  std::chrono::milliseconds healthcheck_timeout{5'000};  // 500 ms to 24 h; 0: off
  std::chrono::milliseconds graceful_timeout{30'000};    // 10 ms to 24 h
  std::chrono::milliseconds replaced_timeout{0};         // 10 ms to 24 h; 0: no end
  std::chrono::milliseconds slow_request{1'000};         // 10 ms to 24 h; 0: off
  HeadParser head_parser = HeadParser::automatic;

  bool operator==(const ProcessOptions&) const = default;
};

// How a new generation takes over.
struct RolloutOptions {
  WorkerShare max_unavailable;  // that a reload replaces at a time
  std::string probe_path;  // "/ready", asked of each worker before it serves; empty: nothing is
  std::chrono::milliseconds soak{0};  // that the first worker of a reload is watched, 10 ms to 24
                                      // h; 0: not

  bool operator==(const RolloutOptions&) const = default;
};

// When a worker gets a successor before it makes trouble, beside the number of its requests.
struct RecycleOptions {
  std::chrono::milliseconds max_lifetime{0};          // 1 s to 720 h; 0: no end
  std::size_t max_memory = 0;                         // bytes; 0: no limit
  std::chrono::milliseconds memory_interval{30'000};  // between two looks at it, 10 ms to 24 h

  bool operator==(const RecycleOptions&) const = default;
};

// What applications want computed beside their workers. All but the time are fixed at the start.
struct TaskOptions {
  std::uint32_t workers = 0;                  // task processes, up to kMaxTaskWorkers
  std::uint32_t queue = 256;                  // jobs that wait, run or are to be collected
  std::size_t bytes = 1'048'576;              // of an argument, and of a result; 1k to 64m
  std::chrono::milliseconds timeout{60'000};  // until a job must have ended, 10 ms to 24 h
  bool operator==(const TaskOptions&) const = default;
};

// 10 ms to 24 h, never off but where 0 says so.
struct TimeoutOptions {
  std::chrono::milliseconds keep_alive{5'000};
  std::chrono::milliseconds header{10'000};
  std::chrono::milliseconds body{60'000};
  std::chrono::milliseconds write{60'000};
  std::chrono::milliseconds request{0};  // 0: off
  // Until a deferred response must have begun; then it is 504.
  std::chrono::milliseconds deferred{60'000};

  bool operator==(const TimeoutOptions&) const = default;
};

// Of each worker.
struct LimitOptions {
  std::uint32_t connections = 16'384;  // open connections, 1 to 1,000,000
  std::uint32_t concurrency = 1'024;   // requests in progress, running and waiting, 1 to 1,000,000
  std::uint32_t streams = 8'192;       // responses without a length, 1 to 1,000,000
  std::uint32_t queue = 512;           // requests waiting for a pool thread, 1 to 1,000,000
  std::size_t request_line = 8'192;    // bytes, 256 to 64k
  std::size_t header_bytes = 32'768;   // bytes, request line included, 1k to 1m
  std::uint32_t header_count = 100;    // 1 to 1000
  std::size_t body = 1'048'576;        // bytes, up to 64g; 0: no body at all
  std::uint32_t route_deaths = 3;      // workers that one route may cost a minute; 0: no limit

  bool operator==(const LimitOptions&) const = default;
};

// What a proxy in front may say.
struct ProxyOptions {
  bool proxy_headers = true;  // take X-Forwarded-* and Forwarded of forwarded_allow_ips
  IpNetworks forwarded_allow_ips = IpNetworks::loopback();
  bool proxy_protocol = false;                           // every one of `binds` then says so too
  IpNetworks proxy_allow_from = IpNetworks::loopback();  // who may send a PROXY preamble
  std::string root_path;                                 // "/shop"; empty: none

  bool operator==(const ProxyOptions&) const = default;
};

struct ResponseOptions {
  std::vector<HeaderField> headers;  // added to each; a Server here replaces the default one
  bool server_header = true;         // the default Server field
  bool date_header = true;
  bool server_timing = false;  // Server-Timing: how long it waited and how long its handler took

  bool operator==(const ResponseOptions&) const = default;
};

// For a target that is a folder.
struct StaticOptions {
  std::string index = "index.html";
  bool listing = false;
  bool spa = false;
  std::vector<CacheRule> cache_control;  // at most kMaxCacheRules; the first that matches counts

  bool operator==(const StaticOptions&) const = default;
};

struct DevelopmentOptions {
  bool reload = false;                   // watch the application and reload_dirs
  std::vector<std::string> reload_dirs;  // absolute, at most kMaxReloadDirs

  bool operator==(const DevelopmentOptions&) const = default;
};

// Statistics and health.
struct AdminOptions {
  std::optional<Bind> address = Bind::tcp("127.0.0.1", 8001);  // tcp or unix_path; nullopt: off
  bool is_default = true;             // then a taken port falls back to a free one
  std::optional<std::uint32_t> mode;  // of its Unix socket; none: its owner alone
  std::string token_file;             // absolute; empty: none
  std::string token;                  // what is in it; empty: nobody is asked for one
  // What is shown to who has no token.
  bool is_health_public = true;
  bool is_metrics_public = false;

  bool operator==(const AdminOptions&) const = default;
};

// Where operators order things (preforkctl).
struct ControlOptions {
  bool is_on = true;
  std::string path;  // absolute; empty: the default place

  bool operator==(const ControlOptions&) const = default;
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  std::string file;        // empty: standard error
  std::string access_log;  // empty: off; "-": standard output
  LogFormat access_log_format = combined_log_format();
  std::string keep_requests;  // folder, absolute; empty: off

  bool operator==(const LogOptions&) const = default;
};

// Traces that requests are part of. The memory that `otlp` takes is made at the start.
struct TraceOptions {
  TraceMode mode = TraceMode::off;
  CollectorUrl collector;
  Ratio sample{100'000};  // of the traces that begin here
  std::string service = "prefork-server";

  bool operator==(const TraceOptions&) const = default;
};

// What a service of the machine is: whom it acts for, and where.
struct ServiceOptions {
  std::string user;                             // as it was written; empty: not given
  std::string group;                            // likewise
  std::optional<Account> account;               // what follows from both; none: nobody changes
  std::optional<std::uint32_t> umask;           // none: as it was started
  std::string chdir;                            // absolute; empty: where it was started
  std::string pidfile;                          // absolute; empty: none
  std::chrono::milliseconds shutdown_delay{0};  // 10 ms to 24 h; 0: none
  std::optional<Bind> agent_check;              // tcp; none: off

  bool operator==(const ServiceOptions&) const = default;
};

struct DemoOptions {
  bool crash = false;  // whether the demo application has GET /crash

  bool operator==(const DemoOptions&) const = default;
};

// For the application itself.
struct ApplicationOptions {
  std::vector<AppSetting> settings;  // at most kMaxAppSettings, each key once

  bool operator==(const ApplicationOptions&) const = default;
};

struct GeneralOptions {
  std::string config;  // path of the file; empty: none
  int notify_fd = -1;  // -1: none

  bool operator==(const GeneralOptions&) const = default;
};

struct Options {
  ServeTarget target;
  ListenOptions listening;
  ProcessOptions processes;
  TaskOptions tasks;
  TimeoutOptions timeouts;
  LimitOptions limits;
  ProxyOptions proxies;
  ResponseOptions responses;
  StaticOptions files;
  DevelopmentOptions development;
  AdminOptions admin;
  LogOptions logging;
  DemoOptions demo;
  GeneralOptions general;
  ServiceOptions service{};
  ControlOptions control{};
  RolloutOptions rollout{};
  RecycleOptions recycling{};
  TraceOptions tracing{};
  ApplicationOptions application{};

  bool operator==(const Options&) const = default;
};

inline constexpr std::size_t kMaxBinds = 64;
inline constexpr std::size_t kMaxReloadDirs = 64;
inline constexpr std::uint32_t kMaxWorkers = 256;
inline constexpr std::uint32_t kMaxPoolThreads = 256;  // of a worker
inline constexpr std::uint32_t kMaxTaskWorkers = 64;

}  // namespace prefork::config
