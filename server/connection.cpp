#include "server/connection.h"

#include <utility>

#include "ipc/check.h"
#include "ipc/monotonic.h"
#include "server/http_server.h"

namespace prefork {

namespace {

// Read at once onto bytes that are kept already; others are read into the server's scratch memory.
constexpr std::size_t kReadBytes = 16 * 1024;
// So many full reads in one turn of the loop at most: other connections want service too.
constexpr int kMaxReadsPerTurn = 8;
// Answers gathered before they are written although more requests wait in the buffer.
constexpr std::size_t kMaxBatchBytes = 256 * 1024;
// After an error the peer may still be sending; it is heard out for this long and this much, so
// that it reads the answer and not a reset.
constexpr std::uint64_t kLingerNs = 2'000'000'000;
constexpr std::uint32_t kMaxLingerBytes = 64 * 1024 * 1024;
// A body earns a second more of its deadline with each so many bytes.
constexpr std::uint64_t kMinBodyBytesPerSecond = 500;
constexpr std::uint64_t kNever = HttpServer::kNever;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kRetryAfterSeconds = "1";

Counter counter_for(int status) {
  switch (status) {
    case 413:
    case 414:
    case 431:
      return Counter::limit_errors;
    case 405:
    case 417:
    case 501:
    case 505:
      return Counter::unsupported_requests;
    default:
      return Counter::bad_requests;
  }
}

}  // namespace

Connection::Connection(HttpServer& server, ConnectionToken token, OwnedFd socket,
                       const PeerAddress& peer, std::uint32_t requests)
    : server_(server),
      transport_(std::move(socket)),
      token_(token),
      requests_(requests),
      peer_(peer) {}

Connection::~Connection() = default;

void Connection::start() {
  set_deadline(server_.idle_patience_ns(requests_));
  // The first request is often there already, and a connection that is answered and closed at once
  // never has to join the poller.
  unread_ = true;
  take_input();
}

void Connection::refuse() {
  Response response;
  response.set_error(503, "too many connections");
  response.add_field("Retry-After", kRetryAfterSeconds);
  write_response(server_.out_, response, {Method::get, 1, false, server_.date_.fields()});
  server_.count_response(503);
  closing_ = true;
  linger_ = true;
  flush();
  settle();
}

// --- input ---------------------------------------------------------------------------------------

void Connection::on_ready(Readiness readiness) {
  unread_ = unread_ || readiness.readable || readiness.hang_up;
  hang_up_ = hang_up_ || readiness.hang_up;
  if (readiness.gone && state_ == State::handling) {
    // Nobody is left to read the answer; the job's result will find no connection.
    server_.record_.counters.add(Counter::peer_resets);
    close();
    return;
  }
  if (readiness.writable && is_blocked()) {
    write_pending();
  }
  take_input();
}

void Connection::resume() { take_input(); }

// Reads what was announced, as far as the state allows; the rest waits for another event or turn.
void Connection::take_input() {
  if (unread_ && state_ == State::lingering) {
    discard_input();
  } else if (unread_ && can_parse()) {
    receive();
  }
  settle();
  server_.end_event();
}

void Connection::receive() {
  for (int turn = 0; turn < kMaxReadsPerTurn; ++turn) {
    if (!receive_once()) {
      return;
    }
  }
  server_.resume_later(token_);
}

// True when there is probably more to read at once.
bool Connection::receive_once() {
  const bool keeping = !input_.empty();
  const std::size_t capacity = keeping ? kReadBytes : HttpServer::kScratchBytes;
  char* const room = keeping ? input_.prepare(capacity) : server_.scratch_.get();
  const IoResult result = transport_.read(room, capacity);
  switch (result.status) {
    case IoStatus::would_block:
      unread_ = false;
      return false;
    case IoStatus::end:
    case IoStatus::reset:
      on_input_end(result.status == IoStatus::reset);
      return false;
    case IoStatus::done:
      break;
  }
  server_.record_.counters.add(Counter::bytes_in, result.size);
  if (keeping) {
    input_.commit(result.size);
    process_kept_input();
  } else {
    const std::string_view bytes(room, result.size);
    const std::size_t used = process(bytes);
    if (state_ != State::closed) {
      input_.append(bytes.substr(used));
    }
  }
  flush();
  // A short read has emptied the socket, but the end of the input comes without bytes.
  unread_ = result.size == capacity || hang_up_;
  return unread_ && can_parse();
}

void Connection::on_input_end(bool reset) {
  if (reset || state_ == State::head || state_ == State::body) {
    server_.record_.counters.add(Counter::peer_resets);
  }
  close();
}

void Connection::process_kept_input() {
  const std::size_t used = process(input_.view());
  if (state_ == State::closed) {
    return;
  }
  input_.consume(used);
  if (input_.empty()) {
    input_.release();
  }
}

// Takes whole messages, and parts of bodies, from the front; returns how much. What is left belongs
// to a head that is not complete, or waits for the answer before it.
std::size_t Connection::process(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && can_parse()) {
    const std::string_view rest = bytes.substr(used);
    const std::size_t taken = state_ == State::body ? take_body(rest) : take_head(rest);
    if (taken == 0) {
      break;
    }
    used += taken;
    if (server_.out_.size() >= kMaxBatchBytes) {
      flush();
    }
  }
  return closing_ ? bytes.size() : used;
}

std::size_t Connection::take_head(std::string_view bytes) {
  if (!exchange_) {
    exchange_ = server_.borrow_exchange();
  }
  switch (exchange_->parser.parse_head(bytes)) {
    case ParseStatus::complete:
      return begin_request(bytes);
    case ParseStatus::error:
      answer_parse_error();
      return bytes.size();
    case ParseStatus::need_more:
      break;
  }
  if (const std::size_t blank = exchange_->parser.only_blank_lines(bytes); blank != 0) {
    exchange_->reset();
    return blank;
  }
  if (state_ == State::idle) {
    state_ = State::head;
    if (requests_ != 0) {
      // The first request's time runs from the start of the connection.
      set_deadline(to_ns(server_.settings_.timeout_header));
    }
  }
  return 0;
}

std::size_t Connection::begin_request(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  ++requests_;
  exchange.request = exchange.parser.request();
  exchange.request.peer = peer_;
  exchange.request.id = ++server_.requests_;
  exchange.started_ns = server_.now_ns_;
  exchange.routed = server_.application_.route(exchange.request);
  server_.record_.counters.add(Counter::requests);

  const std::size_t head_size = exchange.parser.head_size();
  if (!exchange.parser.has_body()) {
    answer();
    return head_size;
  }
  const std::string_view rest = bytes.substr(head_size);
  if (!exchange.parser.is_chunked() && rest.size() >= exchange.parser.content_length()) {
    const std::size_t body_size = exchange.parser.content_length();
    exchange.request.body = rest.substr(0, body_size);
    answer();
    return head_size + body_size;
  }
  return begin_body(bytes);
}

// The body did not come in one piece with the head: the head is copied, because its bytes go.
std::size_t Connection::begin_body(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  const std::size_t head_size = exchange.parser.head_size();
  const std::string_view rest = bytes.substr(head_size);
  if (exchange.parser.expects_continue() && rest.empty() && refuse_expectation()) {
    return bytes.size();
  }
  exchange.head.assign(bytes.substr(0, head_size));
  const std::uint64_t id = exchange.request.id;
  exchange.parser.rebase(exchange.head.data(), exchange.fields, exchange.request);
  exchange.request.peer = peer_;
  exchange.request.id = id;
  state_ = State::body;
  body_started_ns_ = server_.now_ns_;
  extend_body_deadline();
  return head_size + take_body(rest);
}

// Expect: 100-continue with nothing of the body sent yet. True when the answer is final: nobody
// here would read the body, so the client is spared sending it.
bool Connection::refuse_expectation() {
  if (exchange_->routed.handler == nullptr) {
    closing_ = true;
    linger_ = true;
    answer();
    return true;
  }
  server_.out_.append(kContinue);
  server_.count_response(100);
  return false;
}

std::size_t Connection::take_body(std::string_view bytes) {
  if (bytes.empty()) {
    return 0;
  }
  Exchange& exchange = *exchange_;
  std::size_t consumed = 0;
  switch (exchange.parser.consume_body(bytes, exchange.body, consumed)) {
    case ParseStatus::error:
      answer_parse_error();
      return bytes.size();
    case ParseStatus::complete:
      exchange.request.body = exchange.body;
      answer();
      return consumed;
    case ParseStatus::need_more:
      break;
  }
  extend_body_deadline();
  return consumed;
}

// --- answers -------------------------------------------------------------------------------------

void Connection::answer() {
  const Routed& routed = exchange_->routed;
  if (routed.handler == nullptr) {
    answer_without_handler();
  } else if (routed.run_on == RunOn::loop || server_.executor_ == nullptr) {
    answer_on_loop();
  } else {
    answer_on_pool();
  }
}

void Connection::answer_on_loop() {
  const Request& request = exchange_->request;
  Response& response = server_.response_;
  response.clear();
  InFlightBox& box = server_.record_.loop_request;
  box.set(server_.now_ns_, request.id, peer_, request.method_text, request.path);
  std::string failure;
  if (!call_handler(*exchange_->routed.handler, request, response, failure)) {
    server_.report_handler_error(request, failure);
    response.set_error(500, {});
  }
  box.clear();
  ++server_.loop_answers_;
  finish_answer(request, response);
}

void Connection::answer_on_pool() {
  if (server_.handling_ >= server_.settings_.limit_concurrency) {
    answer_overload("too many requests in progress");
    return;
  }
  auto job = std::make_unique<Job>();
  job->connection = token_;
  job->handler = exchange_->routed.handler;
  job->own_request(exchange_->request);
  job->queued_ns = server_.now_ns_;
  if (!server_.executor_->submit(job)) {
    answer_overload("the queue for a thread is full");
    return;
  }
  state_ = State::handling;
  server_.change_handling(+1);
}

void Connection::answer_overload(std::string_view detail) {
  Response& response = server_.response_;
  response.set_error(503, detail);
  response.add_field("Retry-After", kRetryAfterSeconds);
  server_.record_.counters.add(Counter::overload_rejected);
  ++server_.loop_answers_;
  finish_answer(exchange_->request, response);
}

void Connection::on_job_done(Job& job) {
  PREFORK_CHECK(state_ == State::handling);
  if (job.failed) {
    server_.report_handler_error(job.request, job.failure);
    job.response.set_error(500, {});
  }
  finish_answer(job.request, job.response);
  process_kept_input();
  flush();
  server_.record_.latency.record((server_.now_ns_ - job.queued_ns) / 1000);
  take_input();
}

void Connection::answer_without_handler() {
  const Routed& routed = exchange_->routed;
  Response& response = server_.response_;
  if (routed.status == 204) {
    response.clear();
    response.set_status(204);
  } else {
    response.set_error(routed.status, {});
  }
  if (routed.status == 405) {
    server_.record_.counters.add(Counter::unsupported_requests);
  }
  if (!routed.allow.empty()) {
    response.add_field("Allow", routed.allow);
  }
  ++server_.loop_answers_;
  finish_answer(exchange_->request, response);
}

void Connection::answer_parse_error() {
  const ParseError error = exchange_->parser.error();
  answer_error(error.status, error.detail, counter_for(error.status));
}

// An answer to something that is no request: the connection cannot be used any more.
void Connection::answer_error(int status, std::string_view detail, Counter counter) {
  server_.record_.counters.add(counter);
  Response& response = server_.response_;
  response.set_error(status, detail);
  write_response(server_.out_, response, {Method::get, 1, false, server_.date_.fields()});
  server_.count_response(status);
  if (server_.access_log_.is_on()) {
    server_.access_log_.write_malformed(peer_, status);
  }
  closing_ = true;
  linger_ = true;
}

void Connection::finish_answer(const Request& request, Response& response) {
  if (const char* problem = response.problem()) {
    server_.report_handler_error(request, problem);
    response.set_error(500, {});
  }
  const bool keep_alive = !closing_ && exchange_->parser.keep_alive() && !response.wants_close() &&
                          !server_.is_stopping();
  write_response(server_.out_, response,
                 {request.method, request.version_minor, keep_alive, server_.date_.fields()});
  server_.count_response(response.status());
  if (server_.access_log_.is_on()) {
    const bool empty = request.method == Method::head;
    server_.access_log_.write(request, response.status(), empty ? 0 : response.content().size(),
                              (monotonic_ns() - exchange_->started_ns) / 1000);
  }
  closing_ = !keep_alive;
  // A client that is told only now that the connection ends may have another request on its way.
  linger_ = linger_ || (closing_ && exchange_->parser.keep_alive());
  exchange_->reset();
  state_ = State::idle;
}

// --- output and waiting --------------------------------------------------------------------------

void Connection::flush() {
  ByteBuffer& out = server_.out_;
  if (out.empty() || state_ == State::closed) {
    out.clear();
    return;
  }
  if (is_blocked()) {
    output_.append(out.view());
    out.clear();
    return;
  }
  while (!out.empty()) {
    const IoResult result = transport_.write(out.view());
    if (result.status == IoStatus::reset) {
      out.clear();
      server_.record_.counters.add(Counter::peer_resets);
      close();
      return;
    }
    if (result.status == IoStatus::would_block) {
      output_.append(out.view());
      out.clear();
      return;
    }
    server_.record_.counters.add(Counter::bytes_out, result.size);
    out.consume(result.size);
  }
}

void Connection::write_pending() {
  while (is_blocked()) {
    const IoResult result = transport_.write(output_.view());
    if (result.status == IoStatus::would_block) {
      return;
    }
    if (result.status == IoStatus::reset) {
      server_.record_.counters.add(Counter::peer_resets);
      close();
      return;
    }
    server_.record_.counters.add(Counter::bytes_out, result.size);
    output_.consume(result.size);
  }
  output_.release();
  process_kept_input();
  flush();
}

// The end of every event: decides what happens next, and until when it has to.
void Connection::settle() {
  if (state_ == State::closed) {
    return;
  }
  if (closing_ && !is_blocked() && state_ != State::lingering) {
    // Input that nobody has read would turn a plain close into a reset, and the reset could
    // overtake the answer.
    if (linger_ || unread_) {
      begin_linger();
    } else {
      close();
      return;
    }
  }
  mark_busy(!is_idle());
  if (is_blocked()) {
    set_deadline(to_ns(server_.settings_.timeout_write));
    await_output();
    return;
  }
  switch (state_) {
    case State::handling:
      set_deadline(kNever);
      break;
    case State::idle:
      if (exchange_) {
        server_.return_exchange(std::move(exchange_));
      }
      if (requests_ != 0) {
        set_deadline(to_ns(server_.settings_.timeout_keep_alive));
      }
      break;
    default:
      break;
  }
  join_poller();
}

void Connection::join_poller() {
  if (!polled_) {
    polled_ = true;
    if (!server_.poller_.add(transport_.fd(), server_.key_of(token_))) {
      close();
    }
  }
}

void Connection::await_output() {
  join_poller();
  if (state_ != State::closed && !polled_for_output_) {
    polled_for_output_ = true;
    server_.poller_.watch_output(transport_.fd(), server_.key_of(token_));
  }
}

void Connection::set_deadline(std::uint64_t after_ns) {
  server_.set_deadline(token_.index, after_ns == kNever ? kNever : server_.now_ns_ + after_ns);
}

void Connection::extend_body_deadline() {
  const std::uint64_t earned_ns =
      exchange_->parser.body_received() * 1'000'000'000 / kMinBodyBytesPerSecond;
  server_.set_deadline(token_.index,
                       body_started_ns_ + to_ns(server_.settings_.timeout_body) + earned_ns);
}

void Connection::mark_busy(bool busy) {
  if (busy != busy_) {
    busy_ = busy;
    server_.count_busy(busy);
  }
}

void Connection::on_deadline() {
  Counters& counters = server_.record_.counters;
  if (is_blocked()) {
    counters.add(Counter::timeouts_write);
    close();
  } else if (state_ == State::idle) {
    counters.add(requests_ == 0 ? Counter::timeouts_header : Counter::timeouts_keep_alive);
    close();
  } else if (state_ == State::head) {
    answer_error(408, "the request's head took too long", Counter::timeouts_header);
    flush();
  } else if (state_ == State::body) {
    answer_error(408, "the request's body took too long", Counter::timeouts_body);
    flush();
  } else if (state_ == State::lingering) {
    close();
  }
  settle();
}

// --- the end -------------------------------------------------------------------------------------

void Connection::begin_linger() {
  transport_.finish_writing();
  state_ = State::lingering;
  input_.release();
  if (exchange_) {
    server_.return_exchange(std::move(exchange_));
  }
  set_deadline(kLingerNs);
  if (unread_) {
    server_.resume_later(token_);
  }
}

void Connection::discard_input() {
  for (int turn = 0; turn < kMaxReadsPerTurn; ++turn) {
    const IoResult result = transport_.read(server_.scratch_.get(), HttpServer::kScratchBytes);
    if (result.status == IoStatus::would_block) {
      unread_ = false;
      return;
    }
    lingered_bytes_ += static_cast<std::uint32_t>(result.size);
    if (result.status != IoStatus::done || lingered_bytes_ > kMaxLingerBytes) {
      close();
      return;
    }
  }
  server_.resume_later(token_);
}

OwnedFd Connection::release() {
  if (polled_) {
    // The socket lives on elsewhere, so closing it here would not end its events here.
    server_.poller_.remove(transport_.fd());
  }
  OwnedFd socket = transport_.release();
  close();
  return socket;
}

void Connection::close() {
  if (state_ == State::closed) {
    return;
  }
  mark_busy(false);
  state_ = State::closed;
  transport_.close();
  input_.release();
  output_.release();
  if (exchange_) {
    server_.return_exchange(std::move(exchange_));
  }
  set_deadline(kNever);
}

}  // namespace prefork
