// Input: reading, and making requests of the bytes.
#include <algorithm>
#include <utility>

#include "ipc/monotonic.h"
#include "server/connection.h"
#include "server/forwarded.h"
#include "server/http_server.h"
#include "server/proxy_protocol.h"

namespace prefork {

namespace {

// So many full reads in one turn of the loop at most: other connections want service too.
constexpr int kMaxReadsPerTurn = 8;
// What has come of a message while it is kept as bytes only: a parser and its request cost more
// than these, and parsing them again costs less than the system calls that brought the next ones.
constexpr std::size_t kShortMessageBytes = 1024;
// Answers gathered before they are written although more requests wait in the buffer.
constexpr std::size_t kMaxBatchBytes = 256 * 1024;
// Memory for a body before all of its bytes have come, where the first of them are so many.
constexpr std::size_t kLargeStartBytes = 16 * 1024;
constexpr std::uint64_t kReserveBodyBytes = 128 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

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
  // Bytes that are kept already take the copy: room to read into, for each client that sends its
  // head byte by byte, would be most of what such a connection costs.
  constexpr std::size_t capacity = HttpServer::kScratchBytes;
  char* const room = server_.scratch_.get();
  const IoResult result = transport_.read(room, capacity);
  switch (result.status) {
    case IoStatus::would_block:
      unread_ = false;
      return false;
    case IoStatus::end:
    case IoStatus::unreadable:
    case IoStatus::reset:
      on_input_end(result.status == IoStatus::reset);
      return false;
    case IoStatus::done:
      break;
  }
  server_.record_.counters.add(Counter::bytes_in, result.size);
  const std::string_view bytes(room, result.size);
  if (!input_.empty()) {
    input_.append(bytes);
    process_kept_input();
  } else {
    const std::size_t used = process(bytes);
    if (state_ != State::closed) {
      input_.append(bytes.substr(used));
    }
  }
  advance();
  // A short read has emptied the socket, but the end of the input comes without bytes.
  unread_ = result.size == capacity || hang_up_;
  return unread_ && can_parse();
}

void Connection::on_input_end(bool reset) {
  if (!reset && upload_open_ && state_ == State::sending && !exchange_->intake->is_wanted()) {
    // It saw that its content was answered without being read, and spares us the rest.
    give_up_upload();
    return;
  }
  if (reset || state_ == State::head || state_ == State::body || upload_open_) {
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
    const std::size_t taken = take_message(rest);
    if (taken == 0) {
      break;
    }
    used += taken;
    if (server_.out_.size() >= kMaxBatchBytes) {
      flush();
    }
  }
  return closing_ && !upload_open_ ? bytes.size() : used;
}

std::size_t Connection::take_message(std::string_view bytes) {
  if (state_ == State::preamble) {
    return take_preamble(bytes);
  }
  const bool in_body = state_ == State::body && exchange_;
  return in_body || upload_open_ ? take_body(bytes) : take_head(bytes);
}

std::size_t Connection::take_preamble(std::string_view bytes) {
  const ProxyPreamble preamble = parse_proxy_preamble(bytes);
  switch (preamble.status) {
    case ProxyPreamble::Status::need_more:
      return 0;
    case ProxyPreamble::Status::error:
      server_.report_preamble(peer_, preamble.problem);
      close();
      return bytes.size();
    case ProxyPreamble::Status::complete:
      break;
  }
  peer_ = preamble.client.value_or(peer_);
  state_ = State::idle;
  return preamble.size;
}

std::size_t Connection::take_head(std::string_view bytes) {
  if (!exchange_) {
    exchange_ = server_.borrow_exchange();
  }
  if (exchange_->deadline_ns == kNever && server_.settings_.timeout_request.count() != 0) {
    exchange_->deadline_ns = server_.now_ns_ + to_ns(server_.settings_.timeout_request);
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
  if (const std::size_t blank = exchange_->parser.drop_blank_lines(bytes); blank != 0) {
    exchange_->deadline_ns = kNever;  // no request has begun
    return blank;
  }
  if (state_ == State::idle) {
    state_ = State::head;
    // The first request's time runs from the start of the connection.
    set_deadline_at(requests_ == 0 ? server_.deadlines_ns_[token_.index]
                                   : server_.now_ns_ + to_ns(server_.settings_.timeout_header));
  }
  if (is_kept_as_bytes(bytes)) {
    server_.return_exchange(std::move(exchange_));
  }
  return 0;
}

// Whether the rest of a message is waited for without a parser; the next bytes of it are parsed
// together with these. Not where the exchange knows something that they do not say: the request's
// deadline, or blank lines that were dropped.
bool Connection::is_kept_as_bytes(std::string_view bytes) const {
  return bytes.size() <= kShortMessageBytes && exchange_->deadline_ns == kNever &&
         !exchange_->parser.dropped_blank_lines();
}

bool Connection::is_short_of_body(std::string_view bytes) const {
  const RequestParser& parser = exchange_->parser;
  return !parser.is_chunked() && !parser.expects_continue() &&
         bytes.size() - parser.head_size() < parser.content_length() && is_kept_as_bytes(bytes);
}

// Brings back what a message that is kept as bytes does without.
void Connection::recall_exchange() {
  if (exchange_) {
    return;
  }
  exchange_ = server_.borrow_exchange();
  if (state_ == State::body &&
      exchange_->parser.parse_head(input_.view()) == ParseStatus::complete) {
    exchange_->request = exchange_->parser.request();
  }
}

std::size_t Connection::begin_request(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  exchange.request = exchange.parser.request();
  identify_client(exchange.request);
  exchange.parameters.count = 0;
  exchange.routed = server_.application_.route(exchange.request, exchange.parameters);
  exchange.request.parameters = exchange.parameters.view();

  const std::size_t head_size = exchange.parser.head_size();
  const std::string_view rest = bytes.substr(head_size);
  const bool streams =
      exchange.routed.streams_body && exchange.routed.handler != nullptr && server_.executor_;
  const bool has_content = exchange.parser.has_body() || streams;
  const bool too_long =
      has_content && exchange.parser.limit_body(exchange.routed.body_limit) == ParseStatus::error;
  if (has_content && !too_long && !streams && is_short_of_body(bytes)) {
    await_short_body(rest.size());
    return 0;
  }
  ++requests_;
  exchange.request.id = ++server_.requests_;
  exchange.started_ns = server_.now_ns_;
  server_.record_.counters.add(Counter::requests);
  if (!has_content) {
    answer();
    return head_size;
  }
  if (too_long) {
    answer_parse_error();
    return bytes.size();
  }
  if (streams) {
    return begin_upload(bytes);
  }
  if (!exchange.parser.is_chunked() && rest.size() >= exchange.parser.content_length()) {
    const auto body_size = static_cast<std::size_t>(exchange.parser.content_length());
    exchange.request.body = rest.substr(0, body_size);
    answer();
    return head_size + body_size;
  }
  return begin_body(bytes);
}

// So much of the body has come.
void Connection::await_short_body(std::size_t received) {
  if (state_ != State::body) {
    state_ = State::body;
    body_started_ns_ = server_.now_ns_;
  }
  short_body_bytes_ = static_cast<std::uint32_t>(received);
  server_.return_exchange(std::move(exchange_));
}

// What the head cannot say of itself.
void Connection::identify_client(Request& request) {
  const ServerSettings& settings = server_.settings_;
  request.peer = peer_;
  request.root_path = settings.root_path;
  if (settings.proxy_headers) {
    const ForwardedOrigin origin =
        forwarded_origin(request.fields, peer_, settings.forwarded_allow_ips);
    request.peer = origin.client;
    request.scheme = origin.scheme;
  }
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
  const std::string_view path_before = exchange.request.path;
  exchange.parser.rebase(exchange.head.data(), exchange.fields, exchange.request);
  exchange.parameters.follow(path_before, exchange.request.path);
  if (rest.size() >= kLargeStartBytes) {
    // A client that sends so much at once will send the rest soon; slow ones get no memory on
    // credit.
    exchange.body.reserve(static_cast<std::size_t>(
        std::min<std::uint64_t>(exchange.parser.content_length(), kReserveBodyBytes)));
  }
  if (state_ != State::body) {
    state_ = State::body;
    body_started_ns_ = server_.now_ns_;
  }
  return head_size + take_body(rest);
}

// The handler begins now and reads the body while it arrives.
std::size_t Connection::begin_upload(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  const std::size_t head_size = exchange.parser.head_size();
  const std::string_view rest = bytes.substr(head_size);
  exchange.intake = std::make_shared<BodyChannel>(
      [&mailbox = server_.mailbox_, token = token_] { mailbox.wake(token); });
  body_started_ns_ = server_.now_ns_;
  upload_open_ = exchange.parser.has_body();
  upload_full_ = false;
  if (!upload_open_) {
    exchange.intake->finish();
  }
  continue_owed_ = exchange.parser.expects_continue() && rest.empty();
  const bool taken = answer_on_pool();
  return taken && upload_open_ ? head_size + take_body(rest) : head_size;
}

// Nobody will read what is still to come of the body, or could find its end: the connection cannot
// be used again.
void Connection::give_up_upload() {
  if (exchange_->intake) {
    exchange_->intake->fail();
  }
  upload_open_ = false;
  upload_full_ = false;
  continue_owed_ = false;
  closing_ = true;
  linger_ = true;
}

void Connection::send_continue() {
  continue_owed_ = false;
  // Only now the client begins to send.
  body_started_ns_ = server_.now_ns_;
  server_.out_.append(kContinue);
  server_.count_response(100);
}

// Expect: 100-continue with nothing of the body sent yet. True when the answer is final: nobody
// here would read the body, so the client is spared sending it.
bool Connection::refuse_expectation() {
  if (!exchange_->routed.has_handler()) {
    closing_ = true;
    linger_ = true;
    answer();
    return true;
  }
  send_continue();
  return false;
}

std::size_t Connection::take_body(std::string_view bytes) {
  if (bytes.empty()) {
    return 0;
  }
  Exchange& exchange = *exchange_;
  std::size_t consumed = 0;
  const ParseStatus status = exchange.parser.consume_body(bytes, exchange.body, consumed);
  if (upload_open_) {
    pass_on_body(status);
    return status == ParseStatus::error ? bytes.size() : consumed;
  }
  switch (status) {
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
  return consumed;
}

void Connection::pass_on_body(ParseStatus status) {
  Exchange& exchange = *exchange_;
  if (std::exchange(continue_owed_, false)) {
    body_started_ns_ = server_.now_ns_;
  }
  if (!exchange.body.empty()) {
    upload_full_ = !exchange.intake->push(exchange.body);
    exchange.body.clear();
    exchange.body_paused_ns = server_.now_ns_;
  }
  switch (status) {
    case ParseStatus::complete:
      upload_open_ = false;
      upload_full_ = false;
      exchange.intake->finish();
      break;
    case ParseStatus::error:
      exchange.intake->fail();
      upload_open_ = false;
      if (state_ == State::handling) {
        answer_parse_error();
      } else {
        // The answer is on its way already; all that is left is to end it early.
        cut();
      }
      break;
    case ParseStatus::need_more:
      break;
  }
}

}  // namespace prefork
