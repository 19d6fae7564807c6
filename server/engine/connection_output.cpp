// Output: writing, and the content of long answers as far as the peer takes it.
#include <algorithm>
#include <utility>

#include "ipc/base/monotonic.h"
#include "server/engine/connection.h"
#include "server/engine/http_server.h"

namespace prefork::engine {

namespace {

// Of a long answer, in one turn of the loop at most: other connections want service too.
constexpr int kMaxPiecesPerTurn = 16;
constexpr std::uint64_t kMaxFileBytesAtOnce = 1024 * 1024;

}  // namespace

// After anything that may have made an answer possible: writes, goes on with a long answer, and
// with the requests that waited behind it.
void Connection::advance() {
  while (state_ == State::sending && !is_blocked()) {
    // Takes what is to be written before with it: a head goes out together with its content.
    if (!pump()) {
      return;
    }
    finish_sending();
    process_kept_input();
  }
  flush();
}

void Connection::flush(bool more_follows) {
  http::ByteBuffer& out = server_.out_;
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
    const net::IoResult result =
        more_follows ? transport_.write_before_more(out.view()) : transport_.write(out.view());
    if (!took(result)) {
      output_.append(out.view());
      out.clear();
      return;
    }
    out.consume(result.size);
  }
}

void Connection::write_pending() {
  room_wanted_ = false;
  set_deadline(ipc::to_ns(server_.settings_.timeouts.write));
  while (!output_.empty()) {
    const net::IoResult result = transport_.write(output_.view());
    if (!took(result)) {
      return;
    }
    output_.consume(result.size);
  }
  output_.release();
  process_kept_input();
  advance();
}

// Counts what the socket took. False when it took nothing: it is full, or the peer is gone.
bool Connection::took(const net::IoResult& result) {
  switch (result.status) {
    case net::IoStatus::done:
      server_.record_.counters.add(ipc::Counter::bytes_out, result.size);
      return true;
    case net::IoStatus::would_block:
      if (!is_blocked()) {
        // Writing stalls from now on; each success in write_pending() starts the time anew.
        set_deadline(ipc::to_ns(server_.settings_.timeouts.write));
        room_wanted_ = true;
      }
      return false;
    case net::IoStatus::end:
    case net::IoStatus::unreadable:
    case net::IoStatus::reset:
      server_.record_.counters.add(ipc::Counter::peer_resets);
      close();
      return false;
  }
  return false;
}

// --- long answers --------------------------------------------------------------------------------

void Connection::begin_sending(const http::Request& request, http::Response& response,
                               http1::BodyFraming framing) {
  Exchange& exchange = *exchange_;
  if (!exchange.kept) {
    exchange.kept = std::make_unique<http::OwnedRequest>();
  }
  exchange.kept->copy_head(request);
  exchange.kept_status = response.status();
  exchange.sender.start(response, framing);
  exchange.sender.start_source(
      [&mailbox = server_.mailbox_, token = token_] { mailbox.wake(token); });
  state_ = State::sending;
}

// Sends what the peer takes. True when everything is on its way, but for what is in the server's
// buffer; that is empty otherwise.
bool Connection::pump() {
  http1::BodySender& sender = exchange_->sender;
  http::ByteBuffer& out = server_.out_;
  for (int turn = 0; turn < kMaxPiecesPerTurn; ++turn) {
    switch (sender.next(out)) {
      case http1::BodySender::Next::text:
        if (!send_text()) {
          return false;
        }
        break;
      case http1::BodySender::Next::file:
        if (!send_file()) {
          return false;
        }
        break;
      case http1::BodySender::Next::buffered:
        if (out.size() >= http1::BodySender::kPieceBytes) {
          flush();
          if (is_blocked() || state_ == State::closed) {
            return false;
          }
        }
        break;
      case http1::BodySender::Next::wait:
        flush();
        return false;
      case http1::BodySender::Next::end:
        return true;
      case http1::BodySender::Next::failed:
        fail_sending();
        return false;
    }
  }
  flush();
  server_.resume_later(token_);
  return false;
}

bool Connection::send_text() {
  http::ByteBuffer& out = server_.out_;
  http1::BodySender& sender = exchange_->sender;
  const net::IoResult result =
      out.empty() ? transport_.write(sender.text()) : transport_.write(out.view(), sender.text());
  if (!took(result)) {
    output_.append(out.view());
    out.clear();
    return false;
  }
  const std::size_t of_head = std::min(result.size, out.size());
  out.consume(of_head);
  sender.text_sent(result.size - of_head);
  return true;
}

bool Connection::send_file() {
  flush(true);
  if (is_blocked() || state_ == State::closed) {
    return false;
  }
  http1::BodySender& sender = exchange_->sender;
  const net::IoResult result = transport_.send_file(
      sender.file(), sender.file_offset(), std::min(sender.file_size(), kMaxFileBytesAtOnce));
  switch (result.status) {
    case net::IoStatus::end:
      sender.file_ended();
      return true;
    case net::IoStatus::unreadable:
      sender.file_failed();
      return true;
    default:
      break;
  }
  if (!took(result)) {
    return false;
  }
  sender.file_sent(result.size);
  return true;
}

void Connection::fail_sending() {
  if (!exchange_->sender.is_reported()) {
    server_.report_broken_answer(exchange_->kept->request, exchange_->sender.problem());
  }
  flush();
  server_.out_.clear();
  cut();
}

void Connection::finish_sending() {
  Exchange& exchange = *exchange_;
  if (server_.access_log_.is_on()) {
    server_.access_log_.write(exchange.kept->request, exchange.kept_status,
                              exchange.sender.content_sent(),
                              (ipc::monotonic_ns() - exchange.started_ns) / 1000);
  }
  if (upload_open_) {
    give_up_upload();
  }
  exchange.reset();
  state_ = State::idle;
}

}  // namespace prefork::engine
