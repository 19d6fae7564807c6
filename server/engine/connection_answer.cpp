// Answers: who makes them, and how they begin.
#include <utility>

#include "ipc/base/monotonic.h"
#include "server/engine/connection.h"
#include "server/engine/http_server.h"
#include "server/http/status.h"
#include "server/http1/response_writer.h"

namespace prefork::engine {

namespace {

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

void Connection::refuse() {
  http::Response response;
  response.set_error(503, "too many connections");
  response.add_field("Retry-After", kRetryAfterSeconds);
  http1::write_response(server_.out_, response,
                        {http::Method::get, 1, false, server_.date_.fields()});
  server_.count_response(503);
  closing_ = true;
  linger_ = true;
  flush();
  settle();
}

void Connection::answer() {
  const exchange::Routed& routed = exchange_->routed;
  if (routed.deferred != nullptr) {
    answer_deferred();
  } else if (routed.handler == nullptr) {
    answer_without_handler();
  } else if (routed.run_on == exchange::RunOn::loop || server_.executor_ == nullptr) {
    answer_on_loop();
  } else {
    answer_on_pool();
  }
}

void Connection::answer_on_loop() {
  http::Request& request = exchange_->request;
  http::Response& response = server_.response_;
  response.clear();
  if (exchange_->routed.streams_body) {
    // It is all here: the handler finds it where it looks for it, and never has to wait.
    exchange_->intake = std::make_shared<exchange::BodyChannel>(nullptr);
    exchange_->intake->push(request.body);
    exchange_->intake->finish();
    request.content = exchange_->intake.get();
  }
  ipc::InFlightBox& box = server_.record_.loop_request;
  box.set(server_.now_ns_, request.id, peer_, request.method_text, request.path);
  std::string failure;
  if (!exchange::call_handler(*exchange_->routed.handler, request, response, failure)) {
    server_.report_handler_error(request, failure);
    response.set_error(500, {});
  }
  box.clear();
  ++server_.loop_answers_;
  finish_answer(request, response);
}

// Everything that somebody else needs to answer the present request. Null when too many are in
// progress; then it has been answered with 503.
std::unique_ptr<exchange::Job> Connection::make_job() {
  if (server_.handling_ >= server_.settings_.limits.concurrency) {
    answer_overload("too many requests in progress");
    return nullptr;
  }
  Exchange& exchange = *exchange_;
  auto job = std::make_unique<exchange::Job>();
  exchange.abandoned = std::make_shared<std::atomic<bool>>(false);
  job->connection = token_;
  job->home = &server_.mailbox_;
  job->handler = exchange.routed.handler;
  job->own_request(exchange.request);
  job->set_abandoned(exchange.abandoned);
  if (exchange.intake) {
    job->set_intake(exchange.intake);
  }
  job->queued_ns = server_.now_ns_;
  return job;
}

// False when there is no room for it; then it has been answered with 503.
bool Connection::answer_on_pool() {
  std::unique_ptr<exchange::Job> job = make_job();
  if (!job) {
    return false;
  }
  if (!server_.executor_->submit(job)) {
    answer_overload("the queue for a thread is full");
    return false;
  }
  server_.submitted_ = true;
  state_ = State::handling;
  server_.change_handling(+1);
  return true;
}

void Connection::answer_deferred() {
  std::unique_ptr<exchange::Job> job = make_job();
  if (!job) {
    return;
  }
  job->begin();
  exchange_->answer_by_ns = server_.now_ns_ + ipc::to_ns(server_.settings_.timeouts.deferred);
  state_ = State::handling;
  server_.change_handling(+1);
  const http::Request& request = job->request;
  ipc::InFlightBox& box = server_.record_.loop_request;
  box.set(server_.now_ns_, request.id, peer_, request.method_text, request.path);
  // The answer comes back as a delivery even if it is completed at once.
  (*exchange_->routed.deferred)(std::move(job));
  box.clear();
}

void Connection::answer_overload(std::string_view detail) {
  http::Response& response = server_.response_;
  response.set_error(503, detail);
  response.add_field("Retry-After", kRetryAfterSeconds);
  server_.record_.counters.add(ipc::Counter::overload_rejected);
  ++server_.loop_answers_;
  finish_answer(exchange_->request, response);
}

// Whether the answer is still waited for: the connection may have given up on it meanwhile.
bool Connection::awaits(const exchange::Job& job) const {
  return state_ == State::handling && !closing_ && exchange_->request.id == job.request.id;
}

void Connection::on_response_started(const exchange::Job& job, http::Response& response) {
  if (awaits(job)) {
    if (continue_owed_) {
      // Behind the final head it could not be said any more, and the handler may still want it.
      send_continue();
    }
    finish_answer_of(job, response);
  }
}

void Connection::on_job_done(exchange::Job& job) {
  if (!awaits(job)) {
    return;
  }
  if (job.failed) {
    job.response.set_error(500, {});
  }
  finish_answer_of(job, job.response);
}

// The answer comes from elsewhere: what has waited behind it goes on now.
void Connection::finish_answer_of(const exchange::Job& job, http::Response& response) {
  finish_answer(job.request, response);
  process_kept_input();
  advance();
  take_input();
}

void Connection::answer_without_handler() {
  const exchange::Routed& routed = exchange_->routed;
  http::Response& response = server_.response_;
  if (routed.status == 204) {
    response.clear();
    response.set_status(204);
  } else {
    response.set_error(routed.status, {});
  }
  if (routed.status == 405) {
    server_.record_.counters.add(ipc::Counter::unsupported_requests);
  }
  if (!routed.allow.empty()) {
    response.add_field("Allow", routed.allow.to_text());
  }
  ++server_.loop_answers_;
  finish_answer(exchange_->request, response);
}

void Connection::answer_parse_error() {
  const http1::ParseError error = exchange_->parser.error();
  answer_error(error.status, error.detail, counter_for(error.status));
}

// An answer to something that is no request: the connection cannot be used any more.
void Connection::answer_error(int status, std::string_view detail, ipc::Counter counter) {
  recall_exchange();
  server_.record_.counters.add(counter);
  http::Response& response = server_.response_;
  response.set_error(status, detail);
  const bool in_head = state_ != State::body && !is_answering();
  const http::Method method = in_head ? http::Method::get : exchange_->request.method;
  http1::write_response(server_.out_, response, {method, 1, false, server_.date_.fields()});
  server_.count_response(status);
  if (server_.access_log_.is_on()) {
    server_.access_log_.write_malformed(peer_, status);
  }
  give_up_upload();
}

// The head goes out now. A long body follows piece by piece; without one the answer is finished.
void Connection::finish_answer(const http::Request& request, http::Response& response) {
  if (const char* problem = response.problem()) {
    server_.report_handler_error(request, problem);
    response.set_error(500, {});
  }
  response.detach_large_body();
  const bool has_content =
      request.method != http::Method::head && !http::is_bodyless(response.status());
  const bool is_long = has_content && response.has_long_body();
  if (upload_open_ && !is_long) {
    give_up_upload();
  }
  const http1::BodyFraming framing = http1::framing_of(response, request.version_minor);
  // A handler that is done has left the rest of the content unread.
  const bool leaves_content = upload_open_ && !exchange_->intake->is_wanted();
  const bool keep_alive = !closing_ && !leaves_content && exchange_->parser.keep_alive() &&
                          !response.wants_close() && !server_.is_stopping() &&
                          !(has_content && framing == http1::BodyFraming::until_close);
  http1::write_response(
      server_.out_, response,
      {request.method, request.version_minor, keep_alive, server_.date_.fields()});
  server_.count_response(response.status());
  closing_ = !keep_alive;
  // A client that is told only now that the connection ends may have another request on its way.
  linger_ = linger_ || (closing_ && exchange_->parser.keep_alive());
  if (is_long) {
    begin_sending(request, response, framing);
    return;
  }
  if (server_.access_log_.is_on()) {
    server_.access_log_.write(request, response.status(),
                              has_content ? response.content().size() : 0,
                              (ipc::monotonic_ns() - exchange_->started_ns) / 1000);
  }
  if (response.has_long_body()) {
    // Nobody asked for it (HEAD): what it holds is not kept until the next answer.
    response.clear();
  }
  exchange_->reset();
  state_ = State::idle;
}

}  // namespace prefork::engine
