// Answers: how an exchange sends them, and how it ends.
#include <algorithm>
#include <utility>

#include "server/exchange/elapsed.h"
#include "server/exchange/exchange.h"
#include "server/exchange/unrouted.h"
#include "server/http/status.h"

namespace prefork::exchange {

// --- its answer ----------------------------------------------------------------------------------

void Exchange::on_response_started(const Job& job, http::Response& response) {
  if (!awaits(job)) {
    return;
  }
  log_.note_times(job, false);
  // Without a length it may last: it does not take the place of requests, but has a limit of its
  // own.
  if (!response.content_size()) {
    if (services_.accounting.streams() >= services_.limits.streams) {
      respond_unavailable(job.request, "too many streams");
      return;
    }
    services_.accounting.count_as(*client_, CountedAs::stream);
  }
  if (upload_ == Upload::must_ask) {
    // Behind the final head it could not be said any more, and the handler may still want it.
    upload_ = Upload::open;
    stream_.send_interim(kContinue, {});
  }
  services_.accounting.record_start(job, services_.clock.now_ns());
  respond(job.request, response);
}

void Exchange::on_client_finished() {
  if (client_ && client_->get() == ClientState::waiting) {
    client_->set(ClientState::finished);
  }
}

void Exchange::on_job_done(Job& job) {
  if (state_ != State::none && request_.id == job.request.id) {
    log_.note_times(job, true);
  }
  if (!awaits(job)) {
    return;
  }
  if (job.was_skipped()) {
    stream_.abandon();
    return;
  }
  if (job.was_shed()) {
    respond_unavailable(job.request, "no thread was free in time", false);
    return;
  }
  if (job.failed) {
    answer_failed(std::move(job.failure), job.response);
  }
  respond(job.request, job.response);
}

// Something that another thread did: content for the answer, room for content of the request.
void Exchange::on_wake() {
  if (upload_ == Upload::must_ask && request_body_->was_asked()) {
    upload_ = Upload::open;
    stream_.send_interim(kContinue, {});
  }
  if (upload_ == Upload::paused && request_body_->has_room()) {
    upload_ = Upload::open;
    stream_.on_request_room(services_.now_ns - paused_ns_);
  }
  if (state_ == State::responding) {
    stream_.on_content_ready();
  }
}

// `request` may be the job's own, when that brings the answer.
void Exchange::respond(const http::Request& request, http::Response& response) {
  if (const char* problem = response.problem()) {
    services_.accounting.report_handler_error(request, problem);
    answer_failed(problem, response);
  } else if (!response.failure().empty()) {
    services_.accounting.report_handler_error(request, response.failure());
  }
  if (response.error() != nullptr) [[unlikely]] {
    services_.application.error_pages().dress(request, response);
  }
  response.detach_large_body();
  log_.record().status = response.status();
  state_ = State::responding;
  if (services_.tells_timing) [[unlikely]] {
    if (const std::string timing = log_.timing(); !timing.empty()) {
      response.add_field("Server-Timing", timing);
    }
  }
  const std::uint64_t content_bytes =
      request.method == http::Method::head || http::is_bodyless(log_.record().status)
          ? 0
          : response.content().size();
  const bool has_length = response.content_size().has_value();
  const bool is_complete = stream_.start(request, response);
  services_.accounting.count_response(log_.record().status);
  if (!is_complete) {
    log_.keep(request);
    write_since_ns_ = has_length ? services_.now_ns : ipc::kNever;
    log_.note_answered();
    return;
  }
  if (response.has_long_body()) {
    // Nobody asked for it (HEAD): what it holds is not kept until the next answer.
    response.clear();
  }
  finish(request, content_bytes);
}

http::Method Exchange::dress_error(http::Response& response) const {
  const http::ErrorPages& pages = services_.application.error_pages();
  if (state_ == State::none) {
    pages.dress_unread(response);
    return http::Method::get;
  }
  pages.dress(log_.named(request_), response);
  return request_.method;
}

void Exchange::complete(std::uint64_t content_bytes) {
  if (write_since_ns_ != ipc::kNever) {
    services_.accounting.statistics().record().write_times.record(
        elapsed_us(write_since_ns_, services_.now_ns));
    write_since_ns_ = ipc::kNever;
  }
  finish(log_.named(request_), content_bytes);
}

void Exchange::complete_refused(const ipc::PeerAddress& peer, int status,
                                std::uint64_t content_bytes) {
  services_.accounting.count_response(status);
  if (state_ == State::handling && status == 504) {
    services_.accounting.report_late(log_.named(request_));
  }
  if (client_) {
    client_->set(ClientState::gone);  // whatever it still makes, nobody gets it
  }
  if (state_ != State::none) {
    log_.record().status = status;
    finish(log_.named(request_), content_bytes);
    request_.id = 0;
    return;
  }
  request_.id = 0;
  log_.begin(services_.now_ns);
  log_.record().status = status;
  log_.write(nullptr, peer, content_bytes);
  end();
}

// --- its end -------------------------------------------------------------------------------------

void Exchange::finish(const http::Request& request, std::uint64_t content_bytes) {
  AccessRecord& record = log_.record();
  record.cut = Cut::none;
  record.bytes_received = std::max<std::uint64_t>(record.bytes_received, content_.size());
  log_.write(&request, request.peer, content_bytes);
  state_ = State::none;
  end();
}

void Exchange::end() {
  const bool is_answered = state_ == State::none;
  if (!is_answered) {
    // What was accepted and not completed was cut.
    AccessRecord& record = log_.record();
    const Cut why = services_.is_over ? Cut::stopped : Cut::client;
    record.cut = record.cut == Cut::none ? why : record.cut;
    record.bytes_received = std::max<std::uint64_t>(record.bytes_received, content_.size());
    const http::Request& request = log_.named(request_);
    log_.write(&request, request.peer, state_ == State::responding ? stream_.content_sent() : 0);
  }
  state_ = State::none;
  log_.end();
  upload_ = Upload::none;
  if (client_) {
    client_->set(ClientState::gone, is_answered);
    if (route_.deferred != nullptr) {
      // Nothing of the server's works for it any more, whenever the application notices.
      services_.accounting.count_as(*client_, CountedAs::nothing);
    }
    client_.reset();
  }
  if (request_body_) {
    request_body_->fail();
    request_body_.reset();
  }
  respond_by_ns_ = ipc::kNever;
  if (content_.capacity() > kKeepContentBytes) {
    std::string().swap(content_);
  }
  content_.clear();
}

}  // namespace prefork::exchange
