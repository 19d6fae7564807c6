// The HTTP server inside one process: connections, their deadlines, limits and statistics, on one
// event loop. It knows nothing of other processes; what concerns them goes through ServerHooks. The
// worker and the observer each have one.
//
// All calls on the event loop's thread, except those of mailbox().
// Two files: http_server.cpp and http_server_drain.cpp.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/inbox.h"
#include "ipc/segment.h"
#include "server/engine/connection.h"
#include "server/engine/listener.h"
#include "server/engine/server_settings.h"
#include "server/exchange/access_log.h"
#include "server/exchange/application.h"
#include "server/exchange/job.h"
#include "server/exchange/mailbox.h"
#include "server/http/byte_buffer.h"
#include "server/http/date_cache.h"
#include "server/loop/poller.h"

namespace prefork::engine {

enum class Place : std::uint8_t {
  here,
  given,    // another process has it: the socket here may be closed
  full,     // the others cannot take it just now
  nowhere,  // there is no other
};

// What the process around the server decides or wants to know. Called on the event loop.
class ServerHooks {
 public:
  ServerHooks() = default;
  virtual ~ServerHooks() = default;
  ServerHooks(const ServerHooks&) = delete;
  ServerHooks& operator=(const ServerHooks&) = delete;

  // A connection is looking for its place. `may_stay`: whether this process would serve it as well.
  virtual Place place(int /*socket*/, const ipc::HandedConnection& /*about*/, bool may_stay) {
    return may_stay ? Place::here : Place::nowhere;
  }
  // A connection that was placed here, or adopted, is gone.
  virtual void on_connection_gone() {}
  // About ten times a second.
  virtual void on_tick(std::uint64_t /*now_ns*/) {}
  // One line for the log.
  virtual void report(config::LogLevel level, std::string_view line) = 0;
  // Draining, and the last connection is gone. May adopt another one, and is then called once more
  // when that one is gone.
  virtual void on_drained() {}
};

enum class DrainMode : std::uint8_t {
  hand_on,  // others go on serving: idle connections are given to them
  close,    // the service stops: idle connections are closed
};

class HttpServer : private loop::PollerOwner {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  // The references must outlive the server. `executor` may be null: handlers then all run on the
  // loop. `record` is written by this server alone.
  HttpServer(asio::io_context& loop, const ServerSettings& settings,
             const exchange::Application& application, ipc::WorkerRecord& record,
             exchange::AccessLog& access_log, ServerHooks& hooks, exchange::Executor* executor);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Starts the tick and accepts on the sockets, which stay the caller's.
  // For each socket `expects_preamble` says whether its connections begin with the PROXY protocol;
  // empty: none does.
  void start(const std::vector<int>& listening_sockets,
             const std::vector<bool>& expects_preamble = {});

  // In place of io_context::run(): serves until the loop is stopped, with fewer system calls. The
  // loop may have timers only, and none but the server's is noticed earlier than a tick; for
  // descriptors there is watch().
  void run() { poller_.run(); }

  // Calls `on_readable` again and again while there is something to read from `fd`, which stays the
  // caller's, with the same promptness as for connections. Returns the watch's number.
  std::uint32_t watch(int fd, std::function<void()> on_readable);
  // Before `fd` is closed, or for a while.
  void pause_watch(std::uint32_t number);
  void resume_watch(std::uint32_t number);

  // Takes over a connection that another process handed on. When there is no room it is refused.
  void adopt(ipc::OwnedFd socket, const ipc::HandedConnection& about);

  // Stops accepting and lets the connections come to their end. Idempotent; a later `close`
  // overrides an earlier `hand_on`.
  void drain(DrainMode mode);
  [[nodiscard]] bool is_draining() const { return draining_; }

  // Where jobs come home. May be used by any thread.
  [[nodiscard]] exchange::JobHome& mailbox() { return mailbox_; }

  // After the loop's end: closes every connection, so that no handler waits for one any more, not
  // even one that begins its answer only now.
  void abandon_all();

  [[nodiscard]] std::size_t connection_count() const { return open_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  friend class Connection;
  friend class Listener;

  // Over the connection limit there is this much room for connections that only get their 503.
  static constexpr std::size_t kRefusalRoom = 64;
  // While the service stops, a connection that was used a moment ago may have a request on its way.
  static constexpr std::uint64_t kDrainIdleNs = 1'000'000'000;
  // And one that was answered for the last time does not hold it up for longer than this.
  static constexpr std::uint64_t kDrainLingerNs = 200'000'000;
  static constexpr std::size_t kScratchBytes = 80 * 1024;  // 64 KiB of content and its head
  static constexpr std::size_t kMaxSpareExchanges = 64;
  static constexpr std::uint32_t kTryEarlyEvery = 32;
  // Connections that are worth tidying up after.
  static constexpr std::size_t kCrowd = 256;

  // Keys below this one are numbers of watches; a connection's has its serial above them.
  static constexpr std::uint64_t kFirstConnectionKey = std::uint64_t{1} << 32;

  struct Watch {
    int fd = -1;
    std::function<void()> on_readable;
    bool paused = false;
  };

  // Called by the listeners.
  void on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection& about);
  void on_accept_error(int error);
  void report_at_intervals(std::uint64_t& last_ns, config::LogLevel level, const std::string& line);

  // Called by connections.
  std::unique_ptr<Exchange> borrow_exchange();
  void return_exchange(std::unique_ptr<Exchange> exchange);
  // How long an idle connection may stay: until its first request, or between two.
  [[nodiscard]] std::uint64_t idle_patience_ns(std::uint32_t requests) const {
    return ipc::to_ns(requests == 0 ? settings_.timeouts.header : settings_.timeouts.keep_alive);
  }
  // While the server is busy a connection's first request is there already when it is accepted, and
  // one that is answered and closed at once never has to join the poller. While it is not, looking
  // for the request would be a system call for nothing; now and then it is tried all the same.
  [[nodiscard]] bool expects_early_request() {
    return early_requests_ || ++late_requests_ % kTryEarlyEvery == 0;
  }
  void note_early_request(bool was_there) { early_requests_ = was_there; }
  void set_deadline(std::uint32_t index, std::uint64_t at_ns);
  void count_busy(bool busy);
  void count_idle();
  void change_handling(int by);
  void report_handler_error(const http::Request& request, std::string_view what);
  // A connection ends because of its PROXY preamble.
  void report_preamble(const ipc::PeerAddress& peer, std::string_view problem);
  void report_broken_answer(const http::Request& request, std::string_view what);
  // The service stops: answers end their connections.
  [[nodiscard]] bool is_stopping() const { return draining_ && drain_mode_ == DrainMode::close; }
  void end_event();
  void forget_if_closed(Connection& connection);
  void resume_later(exchange::ConnectionToken token);
  void count_response(int status);
  std::uint64_t refresh_now();
  [[nodiscard]] static std::uint64_t key_of(exchange::ConnectionToken token) {
    return std::uint64_t{token.serial} << 32 | token.index;
  }
  [[nodiscard]] Connection* find(exchange::ConnectionToken token) const;

  std::uint64_t on_batch() override { return refresh_now(); }
  void on_ready(std::uint64_t key, loop::Readiness readiness) override;
  bool on_batch_end() override;
  void resume_connections();
  void start_submitted();
  [[nodiscard]] std::uint64_t asio_due_ns() const override { return tick_due_ns_; }
  void open_connection(ipc::OwnedFd socket, const ipc::HandedConnection& about);
  void schedule_tick();
  void on_tick();
  void give_back_memory();
  void sweep_deadlines();
  void drain_idle_connections();
  bool hand_on_idle(Connection& connection);
  void take_mail();
  void finish_job(exchange::Job& job);
  void report_if_drained();

  asio::io_context& loop_;
  const ServerSettings settings_;
  const exchange::Application& application_;
  ipc::WorkerRecord& record_;
  exchange::AccessLog& access_log_;
  ServerHooks& hooks_;
  exchange::Executor* const executor_;
  bool submitted_ = false;  // to the executor, in this turn

  asio::basic_waitable_timer<std::chrono::steady_clock> tick_timer_;
  std::uint64_t tick_due_ns_ = 0;
  std::uint64_t now_ns_ = 0;  // refreshed with each batch of events and each answered one
  loop::Poller poller_;
  std::deque<Watch> watches_;  // stable: a callback may add one
  http::DateCache date_;
  std::vector<std::unique_ptr<Listener>> listeners_;

  // Connections by index, with their deadlines beside each other, so that a sweep over thousands
  // reads a few kilobytes and not each connection.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint64_t> deadlines_ns_;
  std::vector<std::uint32_t> serials_;
  std::vector<std::uint32_t> free_indices_;
  std::vector<exchange::ConnectionToken> resumable_;  // have input left for the next turn
  std::vector<exchange::ConnectionToken> resuming_;   // have their turn now
  std::size_t open_ = 0;
  std::size_t busy_ = 0;
  std::size_t trim_below_ = 0;  // open connections; see give_back_memory()

  // Memory that every connection uses in its turn.
  std::unique_ptr<char[]> scratch_;
  http::ByteBuffer out_;
  http::Response response_;
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;

  bool early_requests_ = true;
  std::uint32_t late_requests_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t accept_error_reported_ns_ = 0;
  std::uint64_t preamble_error_reported_ns_ = 0;
  std::uint64_t loop_answers_ = 0;  // in the present event, for the latency histogram
  std::uint32_t handling_ = 0;      // requests on the pool
  bool draining_ = false;
  bool drained_reported_ = false;
  DrainMode drain_mode_ = DrainMode::close;

  exchange::Mailbox mailbox_;
  exchange::Mail mail_;  // being seen to
};

}  // namespace prefork::engine
