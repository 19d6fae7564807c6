// What the program was asked to do: final values, read from the command line, the environment, the
// file and the defaults. Plain data without behaviour. The master makes it before the first fork
// (and again on SIGHUP); workers and the observer keep the copy they were forked with.
//
// The initial values here are the defaults. Names, ranges and help are in option_table.cpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/values/bind.h"
#include "config/values/cache_rule.h"
#include "config/values/header_field.h"
#include "config/values/ip_networks.h"

namespace prefork::config {

enum class LogLevel { trace, debug, info, warning, error, critical, off };

// The listening options as they were written; `Options::binds` is what follows from them.
struct ListenOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  std::string uds;          // empty: not given
  int fd = -1;              // -1: not given
  std::vector<Bind> binds;  // empty: not given
};

// What is served.
struct ServeTarget {
  enum class Kind {
    none,         // the demo application
    folder,       // files
    application,  // a shared object
  };
  Kind kind = Kind::none;
  std::string path;  // absolute; empty: none
};

struct Options {
  ServeTarget target;

  // Listening.
  std::vector<Bind> binds = {Bind::tcp("127.0.0.1", 8000)};  // 1 to kMaxBinds, never empty
  ListenOptions listen;
  std::uint32_t backlog = 2048;  // 1 to 65535

  // Processes.
  std::uint32_t workers = 1;             // 1 to kMaxWorkers; `auto` is already resolved
  bool workers_auto = true;              // whether `auto` decided
  std::string workers_basis;             // how `auto` came to its number; empty without `auto`
  std::uint32_t threads = 8;             // pool threads of each worker, 1 to 256
  std::uint32_t limit_max_requests = 0;  // of one worker's life; 0: never replaced
  std::uint32_t limit_max_requests_jitter = 0;  // up to so many more, at random per worker
  std::chrono::milliseconds timeout_worker_boot{60'000};
  std::chrono::milliseconds timeout_worker_healthcheck{5'000};
  std::chrono::milliseconds timeout_graceful_shutdown{30'000};

  bool preload = false;  // the master loads the application before it forks

  // Behind a proxy.
  bool proxy_headers = true;  // take X-Forwarded-* and Forwarded of forwarded_allow_ips
  IpNetworks forwarded_allow_ips = IpNetworks::loopback();
  bool proxy_protocol = false;  // every one of `binds` then says so too
  IpNetworks proxy_allow_from = IpNetworks::loopback();
  std::string root_path;  // "/shop"; empty: none

  // Responses.
  std::vector<HeaderField> headers;  // added to each; a Server here replaces the default one
  bool server_header = true;         // the default Server field
  bool date_header = true;

  // Static files.
  std::string index = "index.html";
  bool listing = false;
  bool spa = false;
  std::vector<CacheRule> cache_control;  // the first that matches counts

  // Development.
  bool reload = false;                   // watch the application and reload_dirs
  std::vector<std::string> reload_dirs;  // absolute, at most kMaxReloadDirs

  // Timeouts: 10 ms to 24 h, never off but where 0 says so.
  std::chrono::milliseconds timeout_keep_alive{5'000};
  std::chrono::milliseconds timeout_header{10'000};
  std::chrono::milliseconds timeout_body{60'000};
  std::chrono::milliseconds timeout_write{60'000};
  std::chrono::milliseconds timeout_request{0};  // 0: off
  std::chrono::milliseconds timeout_deferred{60'000};

  // Limits, of each worker.
  std::uint32_t limit_connections = 16'384;  // open connections
  std::uint32_t limit_concurrency = 1'024;   // requests in progress, running and waiting
  std::uint32_t limit_queue = 512;           // requests waiting for a pool thread
  std::size_t limit_request_line = 8'192;    // bytes, 256 to 64k
  std::size_t limit_header_bytes = 32'768;   // bytes, request line included, 1k to 1m
  std::uint32_t limit_header_count = 100;    // 1 to 1000
  std::size_t limit_body = 1'048'576;        // bytes; 0: no body at all

  // Admin.
  std::optional<Bind> admin = Bind::tcp("127.0.0.1", 8001);  // tcp or unix_path; nullopt: off
  bool admin_is_default = true;  // then a taken port falls back to a free one

  // Logging.
  LogLevel log_level = LogLevel::info;
  std::string log_file;    // empty: standard error
  std::string access_log;  // empty: off; "-": standard output

  // Demo.
  bool demo_crash = false;  // whether the demo application has GET /crash

  // General.
  std::string config;  // path of the file; empty: none
  int notify_fd = -1;  // -1: none
};

inline constexpr std::size_t kMaxBinds = 64;
inline constexpr std::size_t kMaxReloadDirs = 64;
inline constexpr std::uint32_t kMaxWorkers = 256;

}  // namespace prefork::config
