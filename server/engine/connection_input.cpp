// Input: reading, and making requests of the bytes.
#include <utility>

#include "server/engine/connection.h"
#include "server/engine/http_server.h"
#include "server/http/forwarded.h"
#include "server/net/proxy_protocol.h"

namespace prefork::engine {

namespace {

// So many full reads in one turn of the loop at most: other connections want service too.
constexpr int kMaxReadsPerTurn = 8;
// What has come of a message while it is kept as bytes only: a parser and its request cost more
// than these, and parsing them again costs less than the system calls that brought the next ones.
constexpr std::size_t kShortMessageBytes = 1024;
// Answers gathered before they are written although more requests wait in the buffer.
constexpr std::size_t kMaxBatchBytes = 256 * 1024;

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
  const net::IoResult result = transport_.read(room, capacity);
  switch (result.status) {
    case net::IoStatus::would_block:
      unread_ = false;
      return false;
    case net::IoStatus::end:
    case net::IoStatus::unreadable:
    case net::IoStatus::reset:
      on_input_end(result.status == net::IoStatus::reset);
      return false;
    case net::IoStatus::done:
      break;
  }
  server_.record_.counters.add(ipc::Counter::bytes_in, result.size);
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
    server_.record_.counters.add(ipc::Counter::peer_resets);
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
  const net::ProxyPreamble preamble = net::parse_proxy_preamble(bytes);
  switch (preamble.status) {
    case net::ProxyPreamble::Status::need_more:
      return 0;
    case net::ProxyPreamble::Status::error:
      server_.report_preamble(peer_, preamble.problem);
      close();
      return bytes.size();
    case net::ProxyPreamble::Status::complete:
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
  if (exchange_->deadline_ns == kNever && server_.settings_.timeouts.request.count() != 0) {
    exchange_->deadline_ns = server_.now_ns_ + ipc::to_ns(server_.settings_.timeouts.request);
  }
  switch (exchange_->parser.parse_head(bytes)) {
    case http1::ParseStatus::complete:
      return begin_request(bytes);
    case http1::ParseStatus::error:
      answer_parse_error();
      return bytes.size();
    case http1::ParseStatus::need_more:
      break;
  }
  if (const std::size_t blank = exchange_->parser.drop_blank_lines(bytes); blank != 0) {
    exchange_->deadline_ns = kNever;  // no request has begun
    return blank;
  }
  if (state_ == State::idle) {
    state_ = State::head;
    // The first request's time runs from the start of the connection.
    set_deadline_at(requests_ == 0
                        ? server_.deadlines_ns_[token_.index]
                        : server_.now_ns_ + ipc::to_ns(server_.settings_.timeouts.header));
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

// Brings back what a message that is kept as bytes does without.
void Connection::recall_exchange() {
  if (exchange_) {
    return;
  }
  exchange_ = server_.borrow_exchange();
  if (state_ == State::body &&
      exchange_->parser.parse_head(input_.view()) == http1::ParseStatus::complete) {
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
  const bool too_long = has_content && exchange.parser.limit_body(exchange.routed.body_limit) ==
                                           http1::ParseStatus::error;
  const bool is_counted = has_content && !streams && !exchange.parser.is_chunked();
  const bool is_whole = is_counted && rest.size() >= exchange.parser.content_length();
  if (is_counted && !is_whole && !too_long && !exchange.parser.expects_continue() &&
      is_kept_as_bytes(bytes)) {
    await_short_body(rest.size());
    return 0;
  }
  ++requests_;
  exchange.request.id = ++server_.requests_;
  exchange.started_ns = server_.now_ns_;
  server_.record_.counters.add(ipc::Counter::requests);
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
  if (is_whole) {
    const auto body_size = static_cast<std::size_t>(exchange.parser.content_length());
    exchange.request.body = rest.substr(0, body_size);
    answer();
    return head_size + body_size;
  }
  return begin_body(bytes);
}

// What the head cannot say of itself.
void Connection::identify_client(http::Request& request) {
  const ServerSettings& settings = server_.settings_;
  request.peer = peer_;
  request.root_path = settings.proxies.root_path;
  if (settings.proxies.proxy_headers) {
    const http::ForwardedOrigin origin =
        http::forwarded_origin(request.fields, peer_, settings.proxies.forwarded_allow_ips);
    request.peer = origin.client;
    request.scheme = origin.scheme;
  }
}

}  // namespace prefork::engine
