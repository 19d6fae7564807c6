#include "server/http1/session.h"

#include <algorithm>

#include "ipc/base/check.h"

namespace prefork::http1 {

namespace {

// What has come of a message while it is parked: a parser and its request cost more than these, and
// parsing them again costs less than the system calls that brought the next ones.
constexpr std::size_t kMaxParkedBytes = 1024;
// Answers gathered before they are written although more requests wait in the input.
constexpr std::size_t kMaxBatchBytes = 256 * 1024;
// Memory for content before all of its bytes have come, where the first of them are so many.
constexpr std::size_t kLargeStartBytes = 16 * 1024;
constexpr std::uint64_t kReserveContentBytes = 128 * 1024;
// Content earns time beyond its deadline with each byte: so it has to come with 500 bytes a second.
constexpr std::uint64_t kEarnedNsPerByte = 1'000'000'000 / 500;
// Silence of an answer without a length after which a peer that has finished sending has left.
constexpr std::uint64_t kLeftNs = 1'000'000'000;

}  // namespace

Session::Session(exchange::Services& services, const ParserSettings& settings,
                 ResponseStart& response_start)
    : services_(services),
      response_start_(response_start),
      parser_(settings.limits, settings.scanner),
      exchange_(services, *this) {}

void Session::begin(net::Connection& connection, const net::ParkedMessage& parked) {
  connection_ = &connection;
  state_ = static_cast<State>(parked.phase);
  body_started_ns_ = parked.since_ns;
  pending_bytes_ = parked.received;
  exchange_.log().adopt_entry(parked.in_flight);
}

void Session::reset() {
  // After an answer all of this is done already.
  if (state_ != State::idle || parser_.dropped_blank_lines() || exchange_.log().is_shown()) {
    exchange_.end();
    sender_.reset();
    parser_.reset();
    head_.clear();
    message_deadline_ns_ = ipc::kNever;
    has_output_ = false;
  }
  connection_ = nullptr;
  state_ = State::idle;
  ending_ = Ending::keep_alive;
}

// --- input ---------------------------------------------------------------------------------------

bool Session::wants_input() const {
  if (connection_->is_closed()) {
    return false;
  }
  switch (state_) {
    case State::handling:
    case State::sending:
      return exchange_.takes_content();
    case State::finished:
      return false;
    default:
      return !connection_->is_blocked();
  }
}

std::size_t Session::on_input(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && wants_input()) {
    const std::string_view rest = bytes.substr(used);
    const bool in_content = state_ == State::body || exchange_.is_upload_open();
    const std::size_t taken = in_content ? take_body(rest) : take_head(rest);
    if (taken == 0) {
      break;
    }
    used += taken;
    if (connection_->output().batch().size() >= kMaxBatchBytes) {
      connection_->output().flush();
    }
  }
  // Nobody will answer what follows the last answer.
  return ending_ != Ending::keep_alive && !exchange_.is_upload_open() ? bytes.size() : used;
}

std::size_t Session::take_head(std::string_view bytes) {
  if (message_deadline_ns_ == ipc::kNever && services_.timeouts.request.count() != 0) {
    message_deadline_ns_ = services_.now_ns + ipc::to_ns(services_.timeouts.request);
  }
  if (state_ == State::short_body) {
    parser_.reset();
  }
  switch (parser_.parse_head(bytes)) {
    case ParseStatus::complete:
      return begin_request(bytes);
    case ParseStatus::error:
      respond_parse_error();
      return bytes.size();
    case ParseStatus::need_more:
      break;
  }
  if (const std::size_t blank = parser_.drop_blank_lines(bytes); blank != 0) {
    message_deadline_ns_ = ipc::kNever;  // no request has begun
    return blank;
  }
  pending_bytes_ = bytes.size();
  if (state_ == State::idle) {
    state_ = State::head;
    // The first request's time runs from the start of the connection.
    connection_->set_deadline(connection_->messages() == 0
                                  ? connection_->deadline_ns()
                                  : services_.now_ns + ipc::to_ns(services_.timeouts.header));
  }
  return 0;
}

std::size_t Session::begin_request(std::string_view bytes) {
  exchange_.open(parser_.request(), connection_->peer().address, connection_->peer().is_proxy);
  const std::size_t head_size = parser_.head_size();
  const std::string_view rest = bytes.substr(head_size);
  const bool is_streaming = exchange_.is_streaming();
  const bool has_content = parser_.has_body() || is_streaming;
  const bool is_too_long =
      has_content && parser_.limit_body(exchange_.route().body_limit) == ParseStatus::error;
  const bool is_counted = has_content && !is_streaming && !parser_.is_chunked();
  const bool is_whole = is_counted && rest.size() >= parser_.content_length();
  if (is_counted && !is_whole && !is_too_long && !parser_.expects_continue() &&
      fits_parking(bytes.size())) {
    if (state_ != State::short_body) {
      state_ = State::short_body;
      body_started_ns_ = services_.now_ns;
    }
    pending_bytes_ = rest.size();
    exchange_.log().show_parked(exchange_.request(), body_started_ns_);
    return 0;
  }
  accept(state_ == State::short_body ? body_started_ns_ : services_.now_ns);
  if (!has_content) {
    run({});
    return head_size;
  }
  if (is_too_long) {
    respond_parse_error();
    return bytes.size();
  }
  if (is_streaming) {
    return begin_upload(bytes);
  }
  if (is_whole) {
    const auto content_size = static_cast<std::size_t>(parser_.content_length());
    run(rest.substr(0, content_size));
    return head_size + content_size;
  }
  return begin_body(bytes);
}

void Session::accept(std::uint64_t since_ns) {
  connection_->count_message();
  exchange_.accept({connection_->token().index, connection_->token().serial, 0}, since_ns);
}

// A message whose head was read, and that ends before it has been accepted.
void Session::reopen_short() {
  const std::string_view bytes = connection_->unparsed();
  parser_.reset();
  if (parser_.parse_head(bytes) == ParseStatus::complete) {
    exchange_.open(parser_.request(), connection_->peer().address, connection_->peer().is_proxy);
    accept(body_started_ns_);
    exchange_.content().assign(bytes.substr(parser_.head_size()));
  }
}

void Session::run(std::string_view content) {
  exchange_.run(content);
  if (exchange_.is_handling()) {
    state_ = State::handling;
  }
}

// --- content of requests -------------------------------------------------------------------------

// The content did not come in one piece with the head: the head is copied, because its bytes go.
std::size_t Session::begin_body(std::string_view bytes) {
  const std::size_t head_size = parser_.head_size();
  const std::string_view rest = bytes.substr(head_size);
  if (parser_.expects_continue() && rest.empty() && refuse_expectation()) {
    return bytes.size();
  }
  head_.assign(bytes.substr(0, head_size));
  const std::string_view path_before = exchange_.request().path;
  parser_.rebase(head_.data(), fields_, exchange_.request());
  exchange_.on_head_moved(path_before);
  if (rest.size() >= kLargeStartBytes) {
    // A client that sends so much at once will send the rest soon; slow ones get no memory on
    // credit.
    exchange_.content().reserve(static_cast<std::size_t>(
        std::min<std::uint64_t>(parser_.content_length(), kReserveContentBytes)));
  }
  if (state_ != State::short_body) {
    body_started_ns_ = services_.now_ns;
  }
  state_ = State::body;
  const std::size_t taken = head_size + take_body(rest);
  if (state_ == State::body) {
    exchange_.log().show(ipc::RequestPhase::reading, exchange_.request());
  }
  return taken;
}

// Expect: 100-continue with no content sent yet. True when the answer is final: nobody here would
// read the content, so the client is spared sending it.
bool Session::refuse_expectation() {
  if (!exchange_.route().has_handler()) {
    ending_ = Ending::linger;
    run({});
    return true;
  }
  send_interim(exchange::kContinue, {});
  return false;
}

// The handler begins now and reads the content while it arrives.
std::size_t Session::begin_upload(std::string_view bytes) {
  const std::size_t head_size = parser_.head_size();
  const std::string_view rest = bytes.substr(head_size);
  body_started_ns_ = services_.now_ns;
  const bool is_running =
      exchange_.run_upload(parser_.has_body(), parser_.expects_continue() && rest.empty());
  if (!is_running) {
    return head_size;
  }
  state_ = State::handling;
  return exchange_.is_upload_open() ? head_size + take_body(rest) : head_size;
}

std::size_t Session::take_body(std::string_view bytes) {
  if (bytes.empty()) {
    return 0;
  }
  std::size_t consumed = 0;
  const ParseStatus status = parser_.consume_body(bytes, exchange_.content(), consumed);
  if (exchange_.is_upload_open()) {
    take_upload(status);
  } else if (status == ParseStatus::error) {
    respond_parse_error();
  } else if (status == ParseStatus::complete) {
    run(exchange_.content());
  }
  return status == ParseStatus::error ? bytes.size() : consumed;
}

void Session::take_upload(ParseStatus status) {
  if (exchange_.must_ask()) {
    body_started_ns_ = services_.now_ns;
  }
  exchange_.push_content();
  switch (status) {
    case ParseStatus::complete:
      exchange_.finish_upload();
      break;
    case ParseStatus::error:
      exchange_.fail_upload();
      if (state_ == State::handling) {
        respond_parse_error();
      } else {
        // The answer is on its way already; all that is left is to end it early.
        connection_->abort();
      }
      break;
    case ParseStatus::need_more:
      break;
  }
}

// --- what is waited for --------------------------------------------------------------------------

// Whether the rest of a message is waited for without a session. Not where the session knows
// something that the bytes do not say: the message's deadline, or blank lines that were dropped.
bool Session::fits_parking(std::size_t bytes) const {
  return bytes <= kMaxParkedBytes && message_deadline_ns_ == ipc::kNever &&
         !parser_.dropped_blank_lines();
}

net::ParkedMessage Session::park() {
  return {body_started_ns_, static_cast<std::uint32_t>(pending_bytes_),
          exchange_.log().release_entry(), static_cast<std::uint8_t>(state_)};
}

net::Session::Standing Session::settle(bool peer_finished) {
  switch (state_) {
    case State::idle:
      // One that has dropped blank lines goes on counting them.
      if (parser_.dropped_blank_lines()) {
        exchange_.log().end();
        return Standing::waiting;
      }
      return Standing::idle;
    case State::head:
      return fits_parking(pending_bytes_) ? Standing::parked : Standing::busy;
    case State::short_body:
      set_body_deadline();
      return Standing::parked;
    case State::body:
      set_body_deadline();
      break;
    case State::handling:
    case State::sending:
      if (peer_finished) {
        exchange_.on_client_finished();
      }
      if (state_ == State::sending) {
        exchange_.log().show(ipc::RequestPhase::sending, exchange_.request());
      }
      may_have_left_ = peer_finished && state_ == State::sending && !has_output_ &&
                       sender_.is_endless() && !exchange_.is_upload_open();
      if (exchange_.awaits_content()) {
        set_body_deadline();
      } else if (may_have_left_) {
        connection_->set_deadline(services_.now_ns + kLeftNs);
      } else {
        connection_->set_deadline(state_ == State::handling ? exchange_.respond_by_ns()
                                                            : ipc::kNever);
      }
      break;
    case State::finished:
      break;
  }
  return Standing::busy;
}

// An answer that is complete for the exchange is not with the client yet: it is in flight for as
// long as that lasts. The bytes of its request are still there the first time.
void Session::on_blocked() {
  const bool is_answered = (state_ == State::idle || state_ == State::finished) &&
                           exchange_.request().id != 0 && !exchange_.log().is_shown();
  if (state_ == State::sending || is_answered) {
    exchange_.log().show(ipc::RequestPhase::sending, exchange_.request());
  }
}

void Session::set_body_deadline() {
  const std::uint64_t received =
      state_ == State::short_body ? pending_bytes_ : parser_.body_received();
  connection_->set_deadline(body_started_ns_ + ipc::to_ns(services_.timeouts.body) +
                            received * kEarnedNsPerByte);
}

void Session::on_deadline() {
  const bool is_over = message_deadline_ns_ <= services_.now_ns;
  switch (state_) {
    case State::sending:
      if (may_have_left_ && !is_over) {
        abandon();
        break;
      }
      services_.accounting.count(is_over ? ipc::Counter::timeouts_request
                                         : ipc::Counter::timeouts_body);
      exchange_.log().expect_cut(exchange::Cut::timeout);
      connection_->abort();
      break;
    case State::handling:
      if (is_over || exchange_.respond_by_ns() <= services_.now_ns) {
        respond_error(504, "the request took too long", ipc::Counter::timeouts_request);
        break;
      }
      [[fallthrough]];
    case State::short_body:
    case State::body:
      respond_error(408, "the request's body took too long",
                    is_over ? ipc::Counter::timeouts_request : ipc::Counter::timeouts_body);
      break;
    case State::head:
      respond_error(408, "the request's head took too long",
                    is_over ? ipc::Counter::timeouts_request : ipc::Counter::timeouts_header);
      break;
    case State::idle:
    case State::finished:
      break;
  }
}

void Session::abandon() {
  services_.accounting.count(ipc::Counter::peer_resets);
  connection_->close();
}

void Session::on_input_end(net::IoStatus how) {
  const bool is_reset = how == net::IoStatus::reset;
  if (!is_reset && exchange_.is_upload_open() && state_ == State::sending &&
      !exchange_.is_upload_wanted()) {
    // It saw that its content was answered without being read, and spares us the rest.
    give_up_upload();
    return;
  }
  const bool in_message = state_ == State::head || state_ == State::short_body ||
                          state_ == State::body || exchange_.is_upload_open();
  if (is_reset || in_message) {
    services_.accounting.count(ipc::Counter::peer_resets);
  }
  if (state_ == State::short_body) {
    reopen_short();
  }
  connection_->close();
}

}  // namespace prefork::http1
