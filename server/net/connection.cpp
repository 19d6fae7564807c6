#include "server/net/connection.h"

#include <algorithm>
#include <utility>

#include "server/http/address.h"
#include "server/net/connection_table.h"

namespace prefork::net {

namespace {

// So many full reads in one step at most: other connections want service too.
constexpr int kMaxReadsPerStep = 8;
// After an error the peer may still be sending; it is heard out for this long and this much, so
// that it reads the answer and not a reset.
constexpr std::uint64_t kLingerNs = 2'000'000'000;
constexpr std::uint32_t kMaxLingerBytes = 64 * 1024 * 1024;
constexpr int kMaxDiscardsPerStep = 8;

}  // namespace

Connection::Connection(const ConnectionServices& services, ConnectionToken token,
                       std::unique_ptr<Transport> transport, const ipc::HandedConnection& about)
    : services_(services),
      transport_(std::move(transport)),
      output_(*transport_, services.output),
      token_(token),
      messages_(about.requests),
      peer_{about.peer, services.proxies != nullptr && http::is_in(about.peer, *services.proxies)} {
}

Connection::~Connection() {
  give_back_session();
  if (is_parked()) {
    services_.protocol.drop(backlog_->parked);
  }
}

Connection::Backlog& Connection::backlog() {
  if (!backlog_) {
    backlog_ = std::make_unique<Backlog>();
  }
  return *backlog_;
}

// --- events --------------------------------------------------------------------------------------

void Connection::start(const OpenedConnection& opened) {
  interest_ = opened.is_registered ? Interest::readable : Interest::none;
  input_ = opened.is_readable ? Input::readable : Input::drained;
  if (opened.is_refused) {
    open_session();
    session_->refuse();
  } else if (!opened.received.empty()) {
    backlog().unparsed.append(opened.received);
    is_held_ = true;
  } else if (!opened.is_readable) {
    // Nothing is known to have come: it only has to be waited for.
    update_interest();
    return;
  }
  step();
}

void Connection::on_ready(loop::Readiness readiness) {
  if (readiness.hang_up) {
    input_ = Input::ending;
  } else if (readiness.readable || (readiness.writable && input_ == Input::wants_writable)) {
    input_ = input_ == Input::ending ? Input::ending : Input::readable;
  }
  if (readiness.gone && session_ && session_->is_answering()) {
    // Nobody is left to read the answer.
    services_.counters.add(ipc::Counter::peer_resets);
    close();
    return;
  }
  if ((readiness.writable && output_.waits_for_writable()) ||
      (readiness.readable && output_.waits_for_readable())) {
    output_.retry();
  }
  step();
}

// What every event ends in.
void Connection::step() {
  services_.receive_delay.forget();
  int reads = 0;
  while (state_ == State::open && !output_.is_gone()) {
    if (session_ && session_->has_output() && !is_blocked()) {
      session_->send_output();
    }
    if (is_held_ && wants_input()) {
      feed_unparsed();
      continue;
    }
    output_.flush();
    if (!has_input() || !wants_input()) {
      break;
    }
    if (reads++ == kMaxReadsPerStep) {
      resume_later();
      break;
    }
    if (!read_once()) {
      break;
    }
  }
  output_.flush();
  if (output_.is_gone()) {
    close();
  }
  if (state_ == State::lingering) {
    discard_input();
  }
  settle();
  services_.protocol.on_step_end();
}

void Connection::on_deadline() {
  if (state_ == State::lingering) {
    close();
  } else if (is_blocked()) {
    const bool message_is_over =
        session_ && session_->message_deadline_ns() <= services_.loop.now_ns();
    services_.counters.add(message_is_over ? ipc::Counter::timeouts_request
                                           : ipc::Counter::timeouts_write);
    if (session_) {
      session_->on_write_timeout();
    }
    abort();
  } else if (is_idle()) {
    services_.counters.add(messages_ == 0 ? ipc::Counter::timeouts_header
                                          : ipc::Counter::timeouts_keep_alive);
    close();
  } else {
    if (!session_) {
      open_session();
    }
    session_->on_deadline();
    step();
  }
}

// --- input ---------------------------------------------------------------------------------------

void Connection::open_session() {
  const ParkedMessage parked = is_parked() ? std::exchange(backlog_->parked, {}) : ParkedMessage{};
  session_ = services_.protocol.borrow(*this, parked);
}

std::string_view Connection::unparsed() const {
  return backlog_ ? backlog_->unparsed.view() : std::string_view{};
}

void Connection::give_back_session() {
  if (session_) {
    services_.protocol.give_back(std::move(session_));
  }
}

// True when there may be more to do.
bool Connection::read_once() {
  // Bytes that are kept already take the copy: room to read into, for each client that sends its
  // message byte by byte, would be most of what such a connection costs.
  const std::span<char> room = services_.scratch;
  const IoResult result = transport_->read(room.data(), room.size());
  if (output_.waits_for_readable()) {
    // What it waits for may have come with this.
    output_.retry();
  }
  switch (result.status) {
    case IoStatus::want_read:
      input_ = Input::drained;
      return false;
    case IoStatus::want_write:
      input_ = Input::wants_writable;
      return false;
    case IoStatus::end:
    case IoStatus::reset:
    case IoStatus::unreadable:
      end_input(result.status);
      return false;
    case IoStatus::done:
      break;
  }
  services_.counters.add(ipc::Counter::bytes_in, result.size);
  services_.receive_delay.on_read(transport_->fd());
  if (result.drained && input_ != Input::ending) {
    input_ = Input::drained;
  }
  const std::string_view bytes(room.data(), result.size);
  if (backlog_ && !backlog_->unparsed.empty()) {
    backlog_->unparsed.append(bytes);
    feed_unparsed();
    return true;
  }
  const std::size_t used = feed(bytes);
  if (used < bytes.size() && state_ == State::open) {
    backlog().unparsed.append(bytes.substr(used));
  }
  return true;
}

void Connection::end_input(IoStatus how) {
  if (!session_ && is_parked()) {
    open_session();  // it knows what has ended
  }
  if (session_) {
    session_->on_input_end(how);
    return;
  }
  if (how == IoStatus::reset) {
    services_.counters.add(ipc::Counter::peer_resets);
  }
  close();
}

std::size_t Connection::feed(std::string_view bytes) {
  if (!session_) {
    open_session();
  }
  const std::size_t used = session_->on_input(bytes);
  is_held_ = used < bytes.size() && !session_->wants_input();
  return used;
}

void Connection::feed_unparsed() {
  http::ByteBuffer& unparsed = backlog_->unparsed;
  const std::size_t used = feed(unparsed.view());
  if (state_ != State::open) {
    return;
  }
  // What was taken stays readable until the end of the step.
  unparsed.consume(used);
}

void Connection::resume_later() { services_.loop.defer(ConnectionTable::key_of(token_)); }

// --- what is waited for --------------------------------------------------------------------------

void Connection::set_deadline(std::uint64_t at_ns) {
  if (session_) {
    at_ns = std::min(at_ns, session_->message_deadline_ns());
  }
  services_.table.set_deadline(token_.index, at_ns);
}

std::uint64_t Connection::deadline_ns() const { return services_.table.deadline_ns(token_.index); }

// The end of every step: decides what is waited for, and until when.
void Connection::settle() {
  if (state_ == State::finishing && !is_blocked()) {
    // Input that nobody has read would turn a plain close into a reset, and the reset could
    // overtake the answer.
    if (linger_ || has_input()) {
      begin_linger();
    } else {
      close();
    }
  }
  if (is_closed()) {
    return;
  }
  if (is_blocked()) {
    if (session_) {
      session_->on_blocked();
    }
    if (output_.take_progress()) {
      // Writing stalls from now on; when some of it goes the time begins anew.
      set_deadline(services_.loop.now_ns() + services_.write_timeout_ns);
    }
  }
  if (backlog_ && backlog_->unparsed.empty()) {
    backlog_->unparsed.release();
  }
  const bool is_idle = state_ == State::open && settle_session();
  if (is_busy_ == is_idle) {
    is_busy_ = !is_idle;
    output_.rest();
    services_.table.count_busy(is_busy_);
  }
  update_interest();
}

// Whether no message is under way.
bool Connection::settle_session() {
  if (is_blocked()) {
    return false;
  }
  if (!session_) {
    return !is_parked();
  }
  switch (session_->settle(input_ == Input::ending)) {
    case Session::Standing::busy:
      return false;
    case Session::Standing::parked:
      backlog().parked = session_->park();
      give_back_session();
      return false;
    case Session::Standing::idle:
      give_back_session();
      backlog_.reset();
      break;
    case Session::Standing::waiting:
      break;
  }
  if (messages_ != 0) {
    set_deadline(services_.loop.now_ns() + services_.idle_timeout_ns);
  }
  return true;
}

void Connection::update_interest() {
  const std::uint64_t key = ConnectionTable::key_of(token_);
  if (interest_ == Interest::none) {
    interest_ = Interest::readable;
    if (!services_.loop.add(transport_->fd(), key)) {
      close();
      return;
    }
  }
  // Who could not write before reading may have been told of the room already: asking again tells
  // once more. A socket that is full tells when it is not any more.
  const bool reads_after_writing = input_ == Input::wants_writable;
  if (reads_after_writing ||
      (output_.waits_for_writable() && interest_ != Interest::readable_and_writable)) {
    interest_ = Interest::readable_and_writable;
    services_.loop.want_writable(transport_->fd(), key);
  }
}

// --- the end -------------------------------------------------------------------------------------

void Connection::finish(bool linger) {
  if (state_ == State::open) {
    state_ = State::finishing;
  }
  linger_ = linger_ || linger;
}

void Connection::begin_linger() {
  transport_->finish_writing();
  state_ = State::lingering;
  give_back_session();
  backlog_.reset();
  set_deadline(services_.loop.now_ns() + kLingerNs);
  if (has_input()) {
    resume_later();
  }
}

void Connection::discard_input() {
  for (int reads = 0; has_input(); ++reads) {
    if (reads == kMaxDiscardsPerStep) {
      resume_later();
      return;
    }
    const IoResult result = transport_->read(services_.scratch.data(), services_.scratch.size());
    if (result.status == IoStatus::want_read || result.status == IoStatus::want_write) {
      input_ = Input::drained;
      return;
    }
    std::uint32_t& lingered_bytes = backlog().lingered_bytes;
    lingered_bytes += static_cast<std::uint32_t>(result.size);
    if (result.status != IoStatus::done || lingered_bytes > kMaxLingerBytes) {
      close();
      return;
    }
    if (result.drained && input_ != Input::ending) {
      input_ = Input::drained;
    }
  }
}

ipc::OwnedFd Connection::release() {
  if (interest_ != Interest::none) {
    // The descriptor lives on elsewhere, so closing it here would not end its events here.
    services_.loop.remove(transport_->fd());
  }
  ipc::OwnedFd socket = transport_->release();
  close();
  state_ = State::given;
  return socket;
}

void Connection::abort() {
  transport_->abort();
  close();
}

// The session stays until the connection is destroyed: it may be what closes it.
void Connection::close() {
  if (is_closed()) {
    return;
  }
  if (is_busy_) {
    is_busy_ = false;
    services_.table.count_busy(false);
  }
  state_ = State::closed;
  output_.close();
  transport_->close();
  services_.table.set_deadline(token_.index, ipc::kNever);
}

}  // namespace prefork::net
