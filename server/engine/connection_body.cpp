// The bodies of requests: gathered for a handler that wants them whole, or passed on while they
// come.
#include <algorithm>
#include <utility>

#include "server/engine/connection.h"
#include "server/engine/http_server.h"

namespace prefork::engine {

namespace {

// Memory for a body before all of its bytes have come, where the first of them are so many.
constexpr std::size_t kLargeStartBytes = 16 * 1024;
constexpr std::uint64_t kReserveBodyBytes = 128 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// The rest of a body is waited for. It has one time for all of it, however it is kept.
void Connection::enter_body() {
  if (state_ != State::body) {
    state_ = State::body;
    body_started_ns_ = server_.now_ns_;
  }
}

// So much of the body has come.
void Connection::await_short_body(std::size_t received) {
  enter_body();
  short_body_bytes_ = static_cast<std::uint32_t>(received);
  server_.return_exchange(std::move(exchange_));
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
  enter_body();
  return head_size + take_body(rest);
}

// The handler begins now and reads the body while it arrives.
std::size_t Connection::begin_upload(std::string_view bytes) {
  Exchange& exchange = *exchange_;
  const std::size_t head_size = exchange.parser.head_size();
  const std::string_view rest = bytes.substr(head_size);
  exchange.intake = std::make_shared<exchange::BodyChannel>(
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
  const http1::ParseStatus status = exchange.parser.consume_body(bytes, exchange.body, consumed);
  if (upload_open_) {
    pass_on_body(status);
    return status == http1::ParseStatus::error ? bytes.size() : consumed;
  }
  switch (status) {
    case http1::ParseStatus::error:
      answer_parse_error();
      return bytes.size();
    case http1::ParseStatus::complete:
      exchange.request.body = exchange.body;
      answer();
      return consumed;
    case http1::ParseStatus::need_more:
      break;
  }
  return consumed;
}

void Connection::pass_on_body(http1::ParseStatus status) {
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
    case http1::ParseStatus::complete:
      upload_open_ = false;
      upload_full_ = false;
      exchange.intake->finish();
      break;
    case http1::ParseStatus::error:
      exchange.intake->fail();
      upload_open_ = false;
      if (state_ == State::handling) {
        answer_parse_error();
      } else {
        // The answer is on its way already; all that is left is to end it early.
        cut();
      }
      break;
    case http1::ParseStatus::need_more:
      break;
  }
}

}  // namespace prefork::engine
