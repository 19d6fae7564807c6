// The HTTP server inside one process: puts connections, sessions and exchanges together on one
// event loop, admits connections, keeps their deadlines, and drains them. It knows nothing of other
// processes; what concerns them goes through ServerHooks. The worker and the observer each have
// one.
//
// All calls on the event loop's thread, except those of completions().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ipc/inbox.h"
#include "ipc/segment.h"
#include "server/engine/admission.h"
#include "server/engine/drain.h"
#include "server/engine/memory_trim.h"
#include "server/engine/rebalance.h"
#include "server/engine/server_hooks.h"
#include "server/engine/server_settings.h"
#include "server/exchange/access_log.h"
#include "server/exchange/accounting.h"
#include "server/exchange/application.h"
#include "server/exchange/completion_queue.h"
#include "server/exchange/job.h"
#include "server/exchange/services.h"
#include "server/http/byte_buffer.h"
#include "server/http/date_cache.h"
#include "server/http/response.h"
#include "server/http1/session_pool.h"
#include "server/loop/event_loop.h"
#include "server/loop/timer.h"
#include "server/net/connection_table.h"
#include "server/net/listener.h"
#include "server/net/listener_spec.h"

namespace prefork::engine {

class HttpServer : private loop::LoopClient, private net::AcceptHandler {
 public:
  // How often it ticks while anything happens, and looks for deadlines at the most.
  static constexpr std::uint64_t kTickNs = 100'000'000;
  // After so many ticks it looks for connections that wait for a process that has stopped: a server
  // with nothing to do makes three system calls in two seconds.
  static constexpr std::uint32_t kTicksBetweenLooks = 2;

  // The references must outlive the server. `executor` may be null: handlers then all run on the
  // loop. `record` is written by this server alone. One server for a loop.
  HttpServer(loop::EventLoop& loop, const ServerSettings& settings,
             const exchange::Application& application, ipc::WorkerRecord& record,
             exchange::AccessLog& access_log, ServerHooks& hooks, exchange::Executor* executor);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Starts the tick and accepts on the sockets, which stay the caller's.
  void start(const std::vector<net::ListenerSpec>& listeners);

  // Takes over a connection that another process handed off. When there is no room it is refused.
  void adopt(ipc::OwnedFd socket, const ipc::HandedConnection& about,
             const net::TransportFactory* transports = nullptr);

  // Stops accepting and lets the connections come to their end.
  void drain(DrainMode mode);
  [[nodiscard]] bool is_draining() const { return drain_.is_active(); }

  // Where jobs go. May be used by any thread.
  [[nodiscard]] exchange::CompletionSink& completions() { return completions_; }

  // After the loop's end: closes every connection, so that no handler waits for one any more, not
  // even one that begins its answer only now.
  void abandon_all();

  [[nodiscard]] std::size_t connection_count() const { return table_.size(); }
  [[nodiscard]] std::uint64_t requests() const { return accounting_.requests(); }

 private:
  struct Ticks {
    std::uint32_t count = 0;
    bool is_active = false;  // something has happened since the last one
  };

  void on_turn(std::uint64_t now_ns, bool has_events) override;
  void on_ready(std::uint64_t key, loop::Readiness readiness) override;
  void on_deferred(std::uint64_t key) override;
  void on_turn_end() override;
  void on_sleep(std::uint64_t until_ns) override;
  void on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection& about,
                   const net::TransportFactory* transports) override;
  void on_accept_error(int error) override;

  // Where a connection is at home that has just come.
  enum class Home : std::uint8_t { here, to_be_found };
  void admit(ipc::OwnedFd socket, const ipc::HandedConnection& about,
             const net::TransportFactory* transports, Home home);
  // Others could answer sooner.
  [[nodiscard]] bool is_occupied() const { return accounting_.in_progress() != 0; }
  [[nodiscard]] bool may_keep(const ipc::HandedConnection& about,
                              const net::TransportFactory* transports) const;
  void evict_longest_waiting();
  void on_opening(net::ConnectionToken token, net::ConnectionOpener::Progress progress);
  void begin(net::ConnectionToken token, net::OpenedConnection opened);
  void see_to(net::Connection& connection);
  void forget(net::ConnectionToken token);
  void drain_completions();
  void start_submitted();
  void tick();
  void sweep_deadlines();
  void settle_access_log();
  void advance_drain();
  bool rebalance();

  // What all connections and exchanges use in their turn.
  struct Scratch {
    Scratch(const loop::EventLoop& loop, const ServerSettings& settings, ipc::RouteRecord& record,
            bool asks_for_delays)
        : date(settings.fixed_fields, settings.date_field),
          receive_delay(record.receive_delays, asks_for_delays),
          bulk(loop) {}

    std::array<char, 80 * 1024> room;  // to read into: 64 KiB of content and its head
    http::ByteBuffer batch;            // output that is gathered
    http::Response response;           // that is made on the loop
    http::DateCache date;
    net::ReceiveDelay receive_delay;
    net::BulkTransfers bulk;
    // Being seen to; here for their memory.
    exchange::Completions completions;
    std::vector<net::ConnectionToken> overdue;
  };

  const ServerSettings settings_;
  loop::EventLoop& loop_;
  ipc::WorkerRecord& record_;
  ServerHooks& hooks_;
  exchange::Accounting accounting_;
  exchange::CompletionQueue completions_;
  const std::unique_ptr<Scratch> scratch_;
  exchange::Services services_;
  http1::SessionPool sessions_;
  net::ConnectionTable table_;
  const net::ConnectionServices connections_;
  Admission admission_;
  Drain drain_;
  Rebalance rebalance_;
  MemoryTrim memory_trim_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  loop::Timer tick_timer_;
  loop::Timer sweep_timer_;
  std::uint64_t swept_ns_ = 0;
  Ticks ticks_;
};

}  // namespace prefork::engine
