#include "server/engine/http_server.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "ipc/base/monotonic.h"
#include "ipc/base/probe.h"
#include "server/net/socket_transport.h"

namespace prefork::engine {

HttpServer::HttpServer(loop::EventLoop& loop, const ServerSettings& settings,
                       const exchange::Application& application, ipc::WorkerRecord& record,
                       exchange::AccessLog& access_log, ServerHooks& hooks,
                       exchange::Executor* executor)
    : settings_(settings),
      loop_(loop),
      record_(record),
      hooks_(hooks),
      accounting_(record, settings.labels,
                  [&hooks](std::string_view line) { hooks.report(config::LogLevel::error, line); }),
      scratch_(
          std::make_unique<Scratch>(loop, settings, record.routes,
                                    settings.tells_timing || access_log.tells_receive_delay())),
      services_{settings_.timeouts,
                settings_.limits,
                settings_.proxies,
                application,
                executor,
                accounting_,
                access_log,
                completions_,
                loop.clock(),
                loop.turn_time(),
                scratch_->receive_delay.latest(),
                scratch_->response},
      sessions_(loop, services_, {settings.parser_limits(), settings.head_scanner}, scratch_->date),
      table_(record.gauges),
      connections_{
          loop,
          table_,
          sessions_,
          record.counters,
          ipc::to_ns(settings.timeouts.header),
          ipc::to_ns(settings.timeouts.keep_alive),
          ipc::to_ns(settings.timeouts.write),
          scratch_->room,
          scratch_->receive_delay,
          {scratch_->batch, record.counters, scratch_->bulk},
          settings_.proxies.proxy_headers ? &settings_.proxies.forwarded_allow_ips : nullptr},
      admission_(settings.limits.connections, record.counters, hooks),
      drain_(connections_, hooks),
      rebalance_(connections_, hooks),
      tick_timer_(loop, [this] { tick(); }),
      sweep_timer_(loop, [this] { sweep_deadlines(); }) {
  services_.route_bans = settings_.route_bans;
  services_.generation = settings_.generation;
  services_.tracer = settings_.tracer.get();
  services_.tells_timing = settings_.tells_timing;
  loop_.set_client(this);
  loop_.watch(completions_.fd(), [this] { drain_completions(); });
}

// What connections hold may wake the server while it goes, which needs the rest of it.
HttpServer::~HttpServer() {
  completions_.refuse_starts();
  loop_.set_client(nullptr);
}

void HttpServer::start(const std::vector<net::ListenerSpec>& listeners) {
  loop_.refresh_now();
  net::AcceptHandler& handler = *this;
  for (const net::ListenerSpec& listener : listeners) {
    listeners_.push_back(std::make_unique<net::Listener>(loop_, listener, handler));
  }
  tick_timer_.arm(loop_.now_ns() + kTickNs);
}

// --- turns of the loop ---------------------------------------------------------------------------

void HttpServer::on_turn(std::uint64_t now_ns, bool has_events) {
  // Liveness is the loop's own doing: a loop that is stuck does not get here.
  record_.pulse.beat_ns.store(now_ns, std::memory_order_relaxed);
  if (has_events) {
    ticks_.is_active = true;
    if (record_.pulse.asleep_until_ns.load(std::memory_order_relaxed) != 0) {
      record_.pulse.asleep_until_ns.store(0, std::memory_order_relaxed);
    }
  }
}

void HttpServer::on_sleep(std::uint64_t until_ns) {
  record_.pulse.asleep_until_ns.store(until_ns, std::memory_order_relaxed);
}

void HttpServer::on_ready(std::uint64_t key, loop::Readiness readiness) {
  const net::ConnectionToken token = net::ConnectionTable::token_of(key);
  if (net::Connection* const connection = table_.find(token)) {
    const bool is_first = table_.is_seeking(token.index) && connection->messages() == 0;
    if (is_first && (is_occupied() || rebalance_.is_ahead()) && rebalance_.offer(*connection)) {
      forget(token);  // unread
      return;
    }
    connection->on_ready(readiness);
    if (is_first) {
      rebalance_.learn_from(*connection);
    }
    see_to(*connection);
  } else if (net::ConnectionOpener* const opener = table_.find_opener(token)) {
    on_opening(token, opener->on_ready(readiness));
  }
}

// A connection that had more to do than one step does gets another one.
void HttpServer::on_deferred(std::uint64_t key) {
  if (net::Connection* const connection = table_.find(net::ConnectionTable::token_of(key))) {
    connection->step();
    see_to(*connection);
  }
}

void HttpServer::on_turn_end() {
  start_submitted();
  services_.access_log.on_turn_end(loop_.now_ns());
  if (ticks_.is_active) {
    tick_timer_.arm_no_later_than(loop_.now_ns() + kTickNs);
  }
  // One coarse look for all of them, not a timer for each.
  if (table_.earliest_deadline_ns() < sweep_timer_.due_ns()) {
    sweep_timer_.arm_no_later_than(std::max(table_.earliest_deadline_ns(), swept_ns_ + kTickNs));
  }
}

void HttpServer::start_submitted() {
  if (std::exchange(services_.submitted, false)) {
    services_.executor->start_submitted();
  }
}

// --- connections come and go ---------------------------------------------------------------------

void HttpServer::on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection& about,
                             const net::TransportFactory* transports) {
  record_.counters.add(ipc::Counter::connections_accepted);
  PREFORK_PROBE1(connection__accept, socket.get());
  if (may_keep(about, transports) && rebalance_.keep(socket.get())) {
    admit(std::move(socket), about, transports, Home::to_be_found);
    return;
  }
  if (hooks_.place(socket.get(), about, true) == Place::given) {
    record_.counters.add(ipc::Counter::connections_handed_on);
    return;
  }
  admit(std::move(socket), about, transports, Home::here);
}

// Who is occupied or full hands on at once, and so what has to be read before a message comes.
bool HttpServer::may_keep(const ipc::HandedConnection& about,
                          const net::TransportFactory* transports) const {
  return !is_occupied() && table_.size() < settings_.limits.connections &&
         about.awaits_preamble == 0 && transports == nullptr;
}

void HttpServer::adopt(ipc::OwnedFd socket, const ipc::HandedConnection& about,
                       const net::TransportFactory* transports) {
  loop_.refresh_now();
  record_.counters.add(ipc::Counter::connections_received);
  admit(std::move(socket), about, transports, Home::here);
}

void HttpServer::on_accept_error(int error) {
  admission_.report_accept_error(error, loop_.now_ns());
  hooks_.on_accept_error();
}

void HttpServer::admit(ipc::OwnedFd socket, const ipc::HandedConnection& about,
                       const net::TransportFactory* transports, Home home) {
  if (settings_.evicts_idle && table_.size() >= settings_.limits.connections) {
    evict_longest_waiting();
  }
  const Admission::Verdict verdict = admission_.judge(table_.size(), table_.refused());
  if (verdict == Admission::Verdict::drop) {
    record_.counters.add(ipc::Counter::connections_closed);
    hooks_.on_connection_gone();
    return;
  }
  std::unique_ptr<net::Transport> transport =
      transports != nullptr ? transports->make(std::move(socket))
                            : std::make_unique<net::SocketTransport>(std::move(socket));
  const net::ConnectionToken token = table_.reserve();
  table_.set_seeking(token.index, home == Home::to_be_found);
  table_.set_deadline(token.index, loop_.now_ns() + connections_.patience_ns(about.requests));
  const bool is_refused = verdict == Admission::Verdict::refuse;
  if (net::ConnectionOpener::is_needed(*transport, about) && !is_refused) {
    net::ConnectionOpener& opener = table_.put(
        token, std::make_unique<net::ConnectionOpener>(connections_, token, std::move(transport),
                                                       about, settings_.proxies.proxy_allow_from));
    on_opening(token, opener.start(admission_.reads_on_accept()));
    return;
  }
  net::OpenedConnection opened;
  opened.transport = std::move(transport);
  opened.about = about;
  opened.is_refused = is_refused;
  if (is_refused) {
    table_.set_refused(token.index);
  }
  opened.is_readable = !is_refused && admission_.reads_on_accept();
  begin(token, std::move(opened));
}

void HttpServer::evict_longest_waiting() {
  if (net::Connection* const longest = table_.longest_waiting(); longest != nullptr) {
    longest->close();
    forget(longest->token());
  }
}

void HttpServer::on_opening(net::ConnectionToken token, net::ConnectionOpener::Progress progress) {
  switch (progress) {
    case net::ConnectionOpener::Progress::waiting:
      return;
    case net::ConnectionOpener::Progress::open:
      begin(token, table_.find_opener(token)->take());
      return;
    case net::ConnectionOpener::Progress::closed:
      break;
  }
  const net::ConnectionOpener& opener = *table_.find_opener(token);
  if (opener.problem() != nullptr) {
    admission_.report_opening(opener.peer(), opener.problem(), loop_.now_ns());
  }
  forget(token);
}

void HttpServer::begin(net::ConnectionToken token, net::OpenedConnection opened) {
  net::Connection& connection =
      table_.put(token, std::make_unique<net::Connection>(
                            connections_, token, std::move(opened.transport), opened.about));
  connection.start(opened);
  if (opened.is_readable) {
    admission_.note_read_on_accept(connection.messages() != 0);
  }
  if (table_.is_seeking(token.index)) {
    rebalance_.learn_from(connection);
  }
  see_to(connection);
}

// After each event.
void HttpServer::see_to(net::Connection& connection) {
  if (table_.is_seeking(connection.token().index) && connection.messages() != 0) {
    rebalance_.offer(connection);
  }
  if (connection.is_closed()) {
    forget(connection.token());
  }
}

void HttpServer::forget(net::ConnectionToken token) {
  const net::Connection* const connection = table_.find(token);
  if (connection == nullptr || connection->state() != net::Connection::State::given) {
    record_.counters.add(ipc::Counter::connections_closed);
  }
  table_.erase(token);
  hooks_.on_connection_gone();
  drain_.report_if_done();
}

// --- times ---------------------------------------------------------------------------------------

void HttpServer::tick() {
  bool is_soon = std::exchange(ticks_.is_active, false) || drain_.is_active();
  for (const auto& listener : listeners_) {
    is_soon = is_soon || listener->is_paused();
    listener->resume();
  }
  if (++ticks_.count % kTicksBetweenLooks == 0) {
    loop_.look_at_shared();
  }
  if (drain_.is_active()) {
    advance_drain();
  }
  memory_trim_.on_tick(table_.size());
  settle_access_log();
  is_soon = hooks_.on_tick(loop_.now_ns()) || is_soon;
  is_soon = rebalance() || is_soon;
  tick_timer_.arm(loop_.now_ns() + (is_soon ? kTickNs : settings_.idle_tick_ns));
}

void HttpServer::settle_access_log() {
  exchange::AccessLog& log = services_.access_log;
  log.flush();
  if (const std::uint64_t lost = log.take_lost(); lost != 0) {
    record_.counters.add(ipc::Counter::access_lines_lost, lost);
  }
  if (const std::string problem = log.take_open_problem(); !problem.empty()) {
    hooks_.report(config::LogLevel::error, problem + "; it goes on where it was");
  }
  if (const std::string news = log.take_news(); !news.empty()) {
    hooks_.report(config::LogLevel::warning, news);
  }
}

void HttpServer::sweep_deadlines() {
  swept_ns_ = loop_.now_ns();
  std::vector<net::ConnectionToken>& overdue = scratch_->overdue;
  table_.collect_overdue(swept_ns_, overdue);
  for (const net::ConnectionToken token : overdue) {
    if (net::Connection* const connection = table_.find(token)) {
      connection->on_deadline();
      see_to(*connection);
    } else if (table_.find_opener(token) != nullptr) {
      record_.counters.add(ipc::Counter::timeouts_header);
      forget(token);
    }
  }
  overdue.clear();
}

// --- what other threads have for the loop --------------------------------------------------------

void HttpServer::drain_completions() {
  exchange::Completions& completions = scratch_->completions;
  completions_.drain(completions);
  loop_.refresh_now();
  // Calls the exchange, if it is still there, and lets its connection go on.
  const auto with_exchange = [this](exchange::ExchangeToken token, const auto& call) {
    net::Connection* const connection = table_.find({token.connection, token.serial});
    if (connection == nullptr || connection->session() == nullptr) {
      return;
    }
    if (exchange::Exchange* const exchange = connection->session()->find_exchange(token.stream)) {
      call(*exchange);
      connection->step();
      if (!drain_.offer(*connection)) {
        rebalance_.offer(*connection);
      }
      see_to(*connection);
    }
  };
  for (const exchange::DeliveredHints& hints : completions.hints) {
    with_exchange(hints.exchange, [&hints](exchange::Exchange& exchange) {
      exchange.on_early_hints(hints.request, hints.fields);
    });
  }
  for (exchange::StartedResponse& started : completions.started) {
    with_exchange(started.job->exchange, [&started](exchange::Exchange& exchange) {
      exchange.on_response_started(*started.job, *started.response);
    });
  }
  for (const exchange::ExchangeToken token : completions.woken) {
    with_exchange(token, [](exchange::Exchange& exchange) { exchange.on_wake(); });
  }
  for (std::unique_ptr<exchange::Job>& job : completions.finished) {
    if (job->response.link().later) {
      job->begin_deferred();
      const http::HandlerLink::Later later = job->response.link().take_later();
      later(std::move(job));
      continue;
    }
    accounting_.finish_job(*job, loop_.refresh_now());
    with_exchange(job->exchange,
                  [&job](exchange::Exchange& exchange) { exchange.on_job_done(*job); });
  }
  completions.clear();
}

// --- the end -------------------------------------------------------------------------------------

void HttpServer::drain(DrainMode mode) {
  loop_.refresh_now();
  drain_.begin(mode);
  services_.is_stopping = drain_.is_stopping();
  for (const auto& listener : listeners_) {
    // When the whole service stops, who is in the queue was promised an answer.
    if (mode == DrainMode::close) {
      listener->stop_for_good();
    } else {
      listener->stop();
    }
  }
  advance_drain();
  tick_timer_.arm_no_later_than(loop_.now_ns() + kTickNs);
  drain_.report_if_done();
}

void HttpServer::advance_drain() {
  drain_.advance([this](net::Connection& connection) { forget(connection.token()); });
  services_.is_stopping = drain_.is_stopping();
}

bool HttpServer::rebalance() {
  return rebalance_.sweep([this](net::Connection& connection) { forget(connection.token()); });
}

void HttpServer::abandon_all() {
  completions_.refuse_starts();
  services_.is_over = true;
  // Whoever was to hear of the end is not asked for more connections now.
  drain_.silence();
  for (std::size_t i = 0; i < table_.capacity(); ++i) {
    if (table_.at(i) != nullptr) {
      table_.at(i)->close();
      forget(table_.token_at(i));
    } else if (table_.find_opener(table_.token_at(i)) != nullptr) {
      forget(table_.token_at(i));
    }
  }
  services_.access_log.finish();
  settle_access_log();
}

}  // namespace prefork::engine
