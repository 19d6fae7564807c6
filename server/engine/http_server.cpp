#include "server/engine/http_server.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "ipc/base/check.h"

namespace prefork::engine {

namespace {

constexpr std::uint64_t kReportEveryNs = 10'000'000'000;

std::string line_about(const http::Request& request, std::string_view happened,
                       std::string_view why) {
  std::string line = "request " + std::to_string(request.id) + " ";
  line.append(request.method_text).append(" ").append(request.path);
  return line.append(happened).append(why);
}

}  // namespace

HttpServer::HttpServer(asio::io_context& loop, const ServerSettings& settings,
                       const exchange::Application& application, ipc::WorkerRecord& record,
                       exchange::AccessLog& access_log, ServerHooks& hooks,
                       exchange::Executor* executor)
    : loop_(loop),
      settings_(settings),
      application_(application),
      record_(record),
      access_log_(access_log),
      hooks_(hooks),
      executor_(executor),
      tick_timer_(loop),
      now_ns_(ipc::monotonic_ns()),
      poller_(loop, *this),
      date_(settings.fixed_fields, settings.date_field),
      scratch_(new char[kScratchBytes]) {
  watch(mailbox_.fd(), [this] { take_mail(); });
}

// What connections hold may wake the server while it goes, which needs the rest of it.
HttpServer::~HttpServer() {
  mailbox_.refuse_starts();
  connections_.clear();
}

void HttpServer::start(const std::vector<int>& listening_sockets,
                       const std::vector<bool>& expects_preamble) {
  refresh_now();
  for (std::size_t i = 0; i < listening_sockets.size(); ++i) {
    const bool preamble = i < expects_preamble.size() && expects_preamble[i];
    listeners_.push_back(std::make_unique<Listener>(*this, listening_sockets[i], preamble));
  }
  schedule_tick();
}

// --- what is waited for --------------------------------------------------------------------------

std::uint32_t HttpServer::watch(int fd, std::function<void()> on_readable) {
  const auto number = static_cast<std::uint32_t>(watches_.size());
  watches_.push_back({fd, std::move(on_readable), true});
  resume_watch(number);
  return number;
}

void HttpServer::pause_watch(std::uint32_t number) {
  Watch& watch = watches_[number];
  if (!std::exchange(watch.paused, true)) {
    poller_.remove(watch.fd);
  }
}

void HttpServer::resume_watch(std::uint32_t number) {
  Watch& watch = watches_[number];
  if (std::exchange(watch.paused, false)) {
    PREFORK_CHECK(poller_.watch_level(watch.fd, number));
  }
}

void HttpServer::on_ready(std::uint64_t key, loop::Readiness readiness) {
  if (key < kFirstConnectionKey) {
    if (const Watch& watch = watches_[key]; !watch.paused) {
      watch.on_readable();
    }
    return;
  }
  const exchange::ConnectionToken token{static_cast<std::uint32_t>(key),
                                        static_cast<std::uint32_t>(key >> 32)};
  if (Connection* connection = find(token)) {
    connection->on_ready(readiness);
    forget_if_closed(*connection);
  }
}

void HttpServer::resume_later(exchange::ConnectionToken token) {
  resumable_.push_back(token);
  if (resumable_.size() == 1) {
    poller_.rouse();
  }
}

bool HttpServer::on_batch_end() {
  resume_connections();
  start_submitted();
  return !resumable_.empty();
}

void HttpServer::start_submitted() {
  if (std::exchange(submitted_, false)) {
    executor_->start_submitted();
  }
}

// Connections that had more input than one turn takes get another turn.
void HttpServer::resume_connections() {
  resuming_.swap(resumable_);
  for (const exchange::ConnectionToken token : resuming_) {
    if (Connection* connection = find(token)) {
      connection->resume();
      forget_if_closed(*connection);
    }
  }
  resuming_.clear();
}

// --- connections come and go ---------------------------------------------------------------------

void HttpServer::on_accepted(ipc::OwnedFd socket, const ipc::HandedConnection& about) {
  record_.counters.add(ipc::Counter::connections_accepted);
  if (hooks_.place(socket.get(), about, true) == Place::given) {
    record_.counters.add(ipc::Counter::connections_handed_on);
    return;
  }
  open_connection(std::move(socket), about);
}

void HttpServer::adopt(ipc::OwnedFd socket, const ipc::HandedConnection& about) {
  refresh_now();
  record_.counters.add(ipc::Counter::connections_received);
  open_connection(std::move(socket), about);
}

void HttpServer::open_connection(ipc::OwnedFd socket, const ipc::HandedConnection& about) {
  const bool refused = open_ >= settings_.limits.connections;
  if (refused) {
    record_.counters.add(ipc::Counter::connections_refused);
    if (open_ >= settings_.limits.connections + kRefusalRoom) {
      hooks_.on_connection_gone();
      return;
    }
  }
  if (free_indices_.empty()) {
    free_indices_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
    deadlines_ns_.push_back(kNever);
    serials_.push_back(0);
  }
  const std::uint32_t index = free_indices_.back();
  free_indices_.pop_back();
  const exchange::ConnectionToken token{index, ++serials_[index]};
  connections_[index] = std::make_unique<Connection>(*this, token, std::move(socket), about);
  record_.gauges.set(ipc::Gauge::connections_active, ++open_);
  count_idle();

  Connection& connection = *connections_[index];
  if (refused) {
    connection.refuse();
  } else {
    connection.start();
  }
  forget_if_closed(connection);
}

void HttpServer::forget_if_closed(Connection& connection) {
  if (!connection.is_closed()) {
    return;
  }
  const std::uint32_t index = connection.token().index;
  connections_[index].reset();
  free_indices_.push_back(index);
  record_.gauges.set(ipc::Gauge::connections_active, --open_);
  count_idle();
  record_.counters.add(ipc::Counter::connections_closed);
  hooks_.on_connection_gone();
  report_if_drained();
}

Connection* HttpServer::find(exchange::ConnectionToken token) const {
  if (token.index >= connections_.size() || serials_[token.index] != token.serial) {
    return nullptr;
  }
  return connections_[token.index].get();
}

void HttpServer::on_accept_error(int error) {
  record_.counters.add(ipc::Counter::accept_errors);
  report_at_intervals(
      accept_error_reported_ns_, config::LogLevel::error,
      std::string("cannot accept connections: ") + std::strerror(error) +
          "; raise the limit of open files (ulimit -n) or lower --limit-connections");
}

void HttpServer::report_preamble(const ipc::PeerAddress& peer, std::string_view problem) {
  record_.counters.add(ipc::Counter::bad_requests);
  report_at_intervals(preamble_error_reported_ns_, config::LogLevel::warning,
                      "connection of " + ipc::to_string(peer) + " closed: " + std::string(problem));
}

// What a client can cause does not fill the log.
void HttpServer::report_at_intervals(std::uint64_t& last_ns, config::LogLevel level,
                                     const std::string& line) {
  if (last_ns == 0 || now_ns_ - last_ns >= kReportEveryNs) {
    last_ns = now_ns_;
    hooks_.report(level, line);
  }
}

std::unique_ptr<Exchange> HttpServer::borrow_exchange() {
  if (spare_exchanges_.empty()) {
    return std::make_unique<Exchange>(settings_.parser_limits());
  }
  std::unique_ptr<Exchange> exchange = std::move(spare_exchanges_.back());
  spare_exchanges_.pop_back();
  return exchange;
}

void HttpServer::return_exchange(std::unique_ptr<Exchange> exchange) {
  if (spare_exchanges_.size() < kMaxSpareExchanges) {
    exchange->reset();
    spare_exchanges_.push_back(std::move(exchange));
  }
}

// --- clock, deadlines, statistics ----------------------------------------------------------------

std::uint64_t HttpServer::refresh_now() {
  now_ns_ = ipc::monotonic_ns();
  // Liveness is the loop's own doing: a loop that is stuck does not get here.
  record_.beat_ns.store(now_ns_, std::memory_order_relaxed);
  return now_ns_;
}

void HttpServer::end_event() {
  if (loop_answers_ != 0) {
    // Requests that came in one read were answered by one write: they took equally long. The end of
    // this event is the start of the next one of the batch.
    const std::uint64_t started_ns = now_ns_;
    record_.latency.record((refresh_now() - started_ns) / 1000, loop_answers_);
    loop_answers_ = 0;
  }
}

void HttpServer::set_deadline(std::uint32_t index, std::uint64_t at_ns) {
  deadlines_ns_[index] = at_ns;
}

void HttpServer::count_busy(bool busy) {
  busy_ = busy ? busy_ + 1 : busy_ - 1;
  count_idle();
}

void HttpServer::count_idle() { record_.gauges.set(ipc::Gauge::connections_idle, open_ - busy_); }

void HttpServer::change_handling(int by) {
  handling_ = static_cast<std::uint32_t>(static_cast<int>(handling_) + by);
  record_.gauges.set(ipc::Gauge::requests_in_progress, handling_);
}

void HttpServer::count_response(int status) {
  static constexpr std::array kByClass = {ipc::Counter::responses_1xx, ipc::Counter::responses_2xx,
                                          ipc::Counter::responses_3xx, ipc::Counter::responses_4xx,
                                          ipc::Counter::responses_5xx};
  record_.counters.add(kByClass[static_cast<std::size_t>(status / 100 - 1)]);
}

void HttpServer::report_handler_error(const http::Request& request, std::string_view what) {
  record_.counters.add(ipc::Counter::handler_errors);
  hooks_.report(config::LogLevel::error, line_about(request, " answered with 500: ", what));
}

void HttpServer::report_broken_answer(const http::Request& request, std::string_view what) {
  record_.counters.add(ipc::Counter::handler_errors);
  hooks_.report(config::LogLevel::error, line_about(request, " cut off in its answer: ", what));
}

void HttpServer::schedule_tick() {
  tick_due_ns_ = now_ns_ + ipc::to_ns(kTick);
  tick_timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(static_cast<std::int64_t>(tick_due_ns_))));
  tick_timer_.async_wait([this](std::error_code error) {
    if (!error) {
      on_tick();
      schedule_tick();
    }
  });
}

void HttpServer::on_tick() {
  refresh_now();
  date_.refresh(std::time(nullptr));
  for (const auto& listener : listeners_) {
    listener->on_tick();
  }
  sweep_deadlines();
  if (draining_) {
    drain_idle_connections();
  }
  give_back_memory();
  hooks_.on_tick(now_ns_);
  // Connections of a worker that died may have come in.
  start_submitted();
}

// After a crowd has left, the allocator would keep what it had for the next one.
void HttpServer::give_back_memory() {
  if (open_ >= kCrowd) {
    trim_below_ = std::max(trim_below_, open_ / 2);
  }
  if (open_ < trim_below_) {
    // Each time half of those who were left are gone, down to the last one.
    trim_below_ = open_ / 2;
    ::malloc_trim(0);
  }
}

void HttpServer::sweep_deadlines() {
  const std::uint64_t now = now_ns_;
  for (std::size_t i = 0; i < deadlines_ns_.size(); ++i) {
    if (deadlines_ns_[i] <= now && connections_[i]) {
      Connection& connection = *connections_[i];
      connection.on_deadline();
      forget_if_closed(connection);
    }
  }
}

// --- what other threads have for the loop --------------------------------------------------------

void HttpServer::take_mail() {
  mailbox_.take(mail_);
  refresh_now();
  for (exchange::StartedResponse& started : mail_.started) {
    if (Connection* connection = find(started.job->connection)) {
      connection->on_response_started(*started.job, *started.response);
      forget_if_closed(*connection);
    }
  }
  for (const exchange::ConnectionToken token : mail_.woken) {
    if (Connection* connection = find(token)) {
      connection->on_wake();
      forget_if_closed(*connection);
    }
  }
  for (const std::unique_ptr<exchange::Job>& job : mail_.finished) {
    finish_job(*job);
  }
  mail_.clear();
}

void HttpServer::finish_job(exchange::Job& job) {
  change_handling(-1);
  record_.queue_wait.record((job.started_ns - job.queued_ns) / 1000);
  if (job.was_skipped()) {
    record_.counters.add(ipc::Counter::requests_abandoned);
    return;
  }
  record_.run_time.record((job.finished_ns - job.started_ns) / 1000);
  record_.latency.record((refresh_now() - job.queued_ns) / 1000);
  if (job.failed && job.has_started()) {
    report_broken_answer(job.request, job.failure);
  } else if (job.failed) {
    report_handler_error(job.request, job.failure);
  }
  if (Connection* connection = find(job.connection)) {
    connection->on_job_done(job);
    forget_if_closed(*connection);
  }
}

void HttpServer::abandon_all() {
  mailbox_.refuse_starts();
  // Whoever was to hear of the end is not asked for more connections now.
  drained_reported_ = true;
  for (const std::unique_ptr<Connection>& connection : connections_) {
    if (connection) {
      connection->close();
      forget_if_closed(*connection);
    }
  }
}

}  // namespace prefork::engine
