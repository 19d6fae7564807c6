// Answers: how they are framed and sent, and what follows them.
#include <algorithm>
#include <utility>

#include "server/http/status.h"
#include "server/http1/response_writer.h"
#include "server/http1/session.h"
#include "server/http1/status_line.h"

namespace prefork::http1 {

namespace {

// Of a long answer, in one step at most: other connections want service too.
constexpr int kMaxPiecesPerStep = 16;
constexpr std::uint64_t kMaxFileBytesAtOnce = 2 * 1024 * 1024;
constexpr std::string_view kRetryAfterSeconds = "1";

ipc::Counter counter_for(int status) {
  switch (status) {
    case 413:
    case 414:
    case 431:
      return ipc::Counter::limit_errors;
    case 405:
    case 417:
    case 501:
    case 505:
      return ipc::Counter::unsupported_requests;
    default:
      return ipc::Counter::bad_requests;
  }
}

}  // namespace

// The head goes out now. Long content follows piece by piece; without any the answer is finished.
bool Session::start(const http::Request& request, http::Response& response) {
  const bool has_content =
      request.method != http::Method::head && !http::is_bodyless(response.status());
  const bool is_long = has_content && response.has_long_body();
  if (exchange_.is_upload_open() && !is_long) {
    give_up_upload();
  }
  const BodyFraming framing = framing_of(response, request.version_minor);
  // A handler that is done has left the rest of the content unread.
  const bool leaves_content = exchange_.is_upload_open() && !exchange_.is_upload_wanted();
  const bool keep_alive = ending_ == Ending::keep_alive && !leaves_content &&
                          parser_.keep_alive() && !response.wants_close() &&
                          !services_.is_stopping &&
                          !(has_content && framing == BodyFraming::until_close);
  const ResponseStart::Text start = response_start_.refreshed();
  write_response(connection_->output().batch(), response,
                 {request.method, request.version_minor, keep_alive, start.fields, start.ok});
  if (!keep_alive && ending_ != Ending::linger) {
    // A client that is told only now that the connection ends may have another request on its way.
    ending_ = parser_.keep_alive() ? Ending::linger : Ending::close;
  }
  if (is_long) {
    begin_sending(response, framing);
    return false;
  }
  end_response();
  return true;
}

// What follows: the next request, or the end.
void Session::end_response() {
  parser_.reset();
  message_deadline_ns_ = ipc::kNever;
  has_output_ = false;
  if (ending_ == Ending::keep_alive) {
    state_ = State::idle;
    return;
  }
  state_ = State::finished;
  connection_->finish(ending_ == Ending::linger);
}

// --- long content --------------------------------------------------------------------------------

void Session::begin_sending(http::Response& response, BodyFraming framing) {
  sender_.start(response, framing);
  const net::ConnectionToken token = connection_->token();
  sender_.start_source(
      [&sink = services_.completions,
       exchange = exchange::ExchangeToken{token.index, token.serial, 0}] { sink.wake(exchange); });
  state_ = State::sending;
  has_output_ = true;
}

void Session::send_output() {
  http::ByteBuffer& batch = connection_->output().batch();
  for (int turn = 0; turn < kMaxPiecesPerStep; ++turn) {
    switch (sender_.next(batch)) {
      case BodySender::Next::text:
        if (!send_text()) {
          return;
        }
        break;
      case BodySender::Next::file:
        if (!send_file()) {
          return;
        }
        break;
      case BodySender::Next::buffered:
        if (batch.size() >= BodySender::kPieceBytes && !connection_->output().flush()) {
          return;
        }
        break;
      case BodySender::Next::wait:
        has_output_ = false;
        return;
      case BodySender::Next::end:
        if (exchange_.is_upload_open()) {
          give_up_upload();
        }
        exchange_.complete(sender_.content_sent());
        sender_.reset();
        end_response();
        return;
      case BodySender::Next::failed:
        if (!sender_.is_reported()) {
          services_.accounting.report_broken_response(exchange_.log().named(exchange_.request()),
                                                      sender_.problem());
        }
        exchange_.log().expect_cut(exchange::Cut::failed);
        connection_->output().flush();
        connection_->abort();
        return;
    }
  }
  connection_->resume_later();
}

bool Session::send_text() {
  sender_.text_sent(connection_->output().send(sender_.text()));
  return !connection_->is_blocked();
}

bool Session::send_file() {
  const net::IoResult result = connection_->output().send_file(
      sender_.file(), sender_.file_offset(), std::min(sender_.file_size(), kMaxFileBytesAtOnce));
  switch (result.status) {
    case net::IoStatus::end:
      sender_.file_ended();
      return true;
    case net::IoStatus::unreadable:
      sender_.file_failed();
      return true;
    case net::IoStatus::done:
      sender_.file_sent(result.size);
      break;
    default:
      break;
  }
  return !connection_->is_blocked();
}

// --- the server's own words ----------------------------------------------------------------------

void Session::send_interim(int status, const http::FieldList& fields) {
  http::ByteBuffer& batch = connection_->output().batch();
  batch.append(status_line(status));
  batch.append(fields.wire());
  batch.append("\r\n");
  if (status == exchange::kContinue) {
    // Only now the client begins to send.
    body_started_ns_ = services_.now_ns;
  } else {
    connection_->output().flush();
  }
  services_.accounting.count_response(status);
}

void Session::refuse() {
  exchange_.request().id = 0;
  http::Response response;
  response.set_error(503, "too many connections");
  response.add_field("Retry-After", kRetryAfterSeconds);
  exchange_.dress_error(response);
  write_response(connection_->output().batch(), response,
                 {http::Method::get, 1, false, response_start_.refreshed().fields});
  services_.accounting.count_response(503);
  ending_ = Ending::linger;
  end_response();
}

void Session::respond_parse_error() {
  const ParseError error = parser_.error();
  respond_error(error.status, error.detail, counter_for(error.status));
}

// An answer to something that is no request: the connection cannot be used any more.
void Session::respond_error(int status, std::string_view detail, ipc::Counter counter) {
  if (state_ == State::short_body) {
    reopen_short();
  }
  services_.accounting.count(counter);
  http::Response& response = services_.response;
  response.set_error(status, detail);
  const http::Method method = exchange_.dress_error(response);
  write_response(connection_->output().batch(), response,
                 {method, 1, false, response_start_.refreshed().fields});
  exchange_.complete_refused(connection_->peer().address, status,
                             method == http::Method::head ? 0 : response.content().size());
  ending_ = Ending::linger;
  end_response();
}

// Of what was handed on, the peer has got what is not kept for it.
std::uint64_t Session::content_sent() const {
  const std::uint64_t handed_on = sender_.content_sent();
  return handed_on - std::min<std::uint64_t>(handed_on, connection_->output().unsent_size());
}

// Nobody will read what is still to come of the content, or could find its end: the connection
// cannot be used again.
void Session::give_up_upload() {
  exchange_.fail_upload();
  ending_ = Ending::linger;
}

}  // namespace prefork::http1
