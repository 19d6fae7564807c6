#include "server/engine/connection.h"

#include <algorithm>
#include <utility>

#include "ipc/base/monotonic.h"
#include "server/engine/http_server.h"
#include "server/http/address.h"

namespace prefork::engine {

namespace {

// After an error the peer may still be sending; it is heard out for this long and this much, so
// that it reads the answer and not a reset.
constexpr std::uint64_t kLingerNs = 2'000'000'000;
constexpr std::uint32_t kMaxLingerBytes = 64 * 1024 * 1024;
constexpr int kMaxDiscardsPerTurn = 8;
// A body earns time beyond its deadline with each byte: so it has to come with 500 bytes a second.
constexpr std::uint64_t kEarnedNsPerBodyByte = 1'000'000'000 / 500;

}  // namespace

Connection::Connection(HttpServer& server, exchange::ConnectionToken token, ipc::OwnedFd socket,
                       const ipc::HandedConnection& about)
    : server_(server),
      transport_(std::move(socket)),
      token_(token),
      requests_(about.requests),
      peer_(about.peer),
      state_(about.awaits_preamble != 0 ? State::preamble : State::idle) {}

Connection::~Connection() = default;

void Connection::start() {
  if (state_ == State::preamble &&
      !http::is_in(peer_, server_.settings_.proxies.proxy_allow_from)) {
    server_.report_preamble(peer_, "not allowed to send a PROXY preamble (--proxy-allow-from)");
    close();
    return;
  }
  set_deadline(server_.idle_patience_ns(requests_));
  if (server_.expects_early_request()) {
    unread_ = true;
    take_input();
    server_.note_early_request(requests_ != 0);
  } else {
    join_poller();
  }
}

void Connection::on_ready(loop::Readiness readiness) {
  unread_ = unread_ || readiness.readable || readiness.hang_up;
  hang_up_ = hang_up_ || readiness.hang_up;
  if (readiness.gone && is_answering()) {
    // Nobody is left to read the answer.
    server_.record_.counters.add(ipc::Counter::peer_resets);
    close();
    return;
  }
  if (readiness.writable && is_blocked()) {
    write_pending();
  }
  take_input();
}

void Connection::resume() {
  advance();
  take_input();
}

// Something that another thread did: content for the answer, room for content of the request.
void Connection::on_wake() {
  if (!is_answering()) {
    return;
  }
  if (continue_owed_ && exchange_->intake && exchange_->intake->was_asked()) {
    send_continue();
  }
  if (upload_full_ && exchange_->intake->has_room()) {
    upload_full_ = false;
    // The time the handler took is not the client's.
    body_started_ns_ += server_.now_ns_ - exchange_->body_paused_ns;
    process_kept_input();
  }
  advance();
  take_input();
}

// The end of every event: decides what happens next, and until when it has to.
void Connection::settle() {
  if (state_ == State::closed) {
    return;
  }
  if (closing_ && !is_blocked() && state_ != State::lingering && state_ != State::sending) {
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
    await_output();
    return;
  }
  switch (state_) {
    case State::body:
      set_body_deadline();
      break;
    case State::handling:
    case State::sending:
      if (is_upload_awaited()) {
        set_body_deadline();
      } else {
        set_deadline_at(state_ == State::handling ? exchange_->answer_by_ns : kNever);
      }
      break;
    case State::idle:
      // One that has dropped blank lines goes on counting them.
      if (exchange_ && !exchange_->parser.dropped_blank_lines()) {
        server_.return_exchange(std::move(exchange_));
      }
      if (requests_ != 0) {
        set_deadline(ipc::to_ns(server_.settings_.timeouts.keep_alive));
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

// --- deadlines -----------------------------------------------------------------------------------

void Connection::set_deadline(std::uint64_t after_ns) {
  set_deadline_at(after_ns == kNever ? kNever : server_.now_ns_ + after_ns);
}

void Connection::set_deadline_at(std::uint64_t at_ns) {
  if (exchange_ && state_ != State::lingering) {
    at_ns = std::min(at_ns, exchange_->deadline_ns);
  }
  server_.set_deadline(token_.index, at_ns);
}

void Connection::set_body_deadline() {
  const std::uint64_t received = exchange_ ? exchange_->parser.body_received() : short_body_bytes_;
  const std::uint64_t earned_ns = received * kEarnedNsPerBodyByte;
  set_deadline_at(body_started_ns_ + ipc::to_ns(server_.settings_.timeouts.body) + earned_ns);
}

// Whether it is the client's turn: the handler has room for more, and the client was asked if it
// wants to be.
bool Connection::is_upload_awaited() const {
  return upload_open_ && !upload_full_ && !continue_owed_ && exchange_->intake->is_wanted();
}

void Connection::mark_busy(bool busy) {
  if (busy != busy_) {
    busy_ = busy;
    server_.count_busy(busy);
  }
}

void Connection::on_deadline() {
  ipc::Counters& counters = server_.record_.counters;
  const bool request_expired = exchange_ && exchange_->deadline_ns <= server_.now_ns_;
  if (is_blocked() || state_ == State::sending) {
    counters.add(request_expired ? ipc::Counter::timeouts_request
                 : is_blocked()  ? ipc::Counter::timeouts_write
                                 : ipc::Counter::timeouts_body);
    cut();
  } else if (state_ == State::idle || state_ == State::preamble) {
    counters.add(requests_ == 0 ? ipc::Counter::timeouts_header
                                : ipc::Counter::timeouts_keep_alive);
    close();
  } else if (state_ == State::handling &&
             (request_expired || exchange_->answer_by_ns <= server_.now_ns_)) {
    answer_error(504, "the request took too long", ipc::Counter::timeouts_request);
  } else if (state_ == State::head) {
    answer_error(408, "the request's head took too long",
                 request_expired ? ipc::Counter::timeouts_request : ipc::Counter::timeouts_header);
  } else if (state_ == State::body || state_ == State::handling) {
    answer_error(408, "the request's body took too long",
                 request_expired ? ipc::Counter::timeouts_request : ipc::Counter::timeouts_body);
  } else if (state_ == State::lingering) {
    close();
  }
  flush();
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
  for (int turn = 0; turn < kMaxDiscardsPerTurn; ++turn) {
    const net::IoResult result = transport_.read(server_.scratch_.get(), HttpServer::kScratchBytes);
    if (result.status == net::IoStatus::would_block) {
      unread_ = false;
      return;
    }
    lingered_bytes_ += static_cast<std::uint32_t>(result.size);
    if (result.status != net::IoStatus::done || lingered_bytes_ > kMaxLingerBytes) {
      close();
      return;
    }
  }
  server_.resume_later(token_);
}

ipc::OwnedFd Connection::release() {
  if (polled_) {
    // The socket lives on elsewhere, so closing it here would not end its events here.
    server_.poller_.remove(transport_.fd());
  }
  ipc::OwnedFd socket = transport_.release();
  close();
  return socket;
}

void Connection::cut() {
  transport_.abort();
  close();
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

}  // namespace prefork::engine
