#include "server/exchange/exchange.h"

#include <algorithm>
#include <utility>

#include "ipc/base/probe.h"
#include "server/exchange/client_identity.h"
#include "server/exchange/elapsed.h"
#include "server/exchange/unrouted.h"
#include "server/http/status.h"

namespace prefork::exchange {

namespace {

constexpr std::string_view kRetryAfterSeconds = "1";

// Who would call a handler that takes the worker with it is told to come back later.
[[gnu::cold]] void keep_from_banned(const Services& services, RouteMatch& match) {
  if (match.number == 0) {
    return;
  }
  const auto for_ns =
      services.route_bans->banned_for_ns({services.generation, match.number}, services.now_ns);
  if (for_ns) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    match = {};
    match.status = 503;
    match.retry_after_s = static_cast<std::uint32_t>(*for_ns / kNsPerSecond) + 1;
  }
}

}  // namespace

// --- the request comes ---------------------------------------------------------------------------

void Exchange::open(const http::Request& head, const ipc::PeerAddress& peer, bool is_from_proxy) {
  request_ = head;
  request_.peer = peer;
  identify_client(request_, is_from_proxy, services_.proxies);
  parameters_.count = 0;
  route_ = services_.application.route(request_, parameters_);
  request_.route = route_.number;
  request_.label = services_.accounting.statistics().label_of(route_);
  if (services_.route_bans != nullptr && services_.route_bans->has_any()) {
    keep_from_banned(services_, route_);
  }
  request_.parameters = parameters_.view();
}

void Exchange::accept(ExchangeToken token, std::uint64_t since_ns) {
  token_ = token;
  state_ = State::receiving;
  request_.id = services_.accounting.count_request();
  log_.begin(since_ns);
  log_.record().receive_delay_ms = services_.receive_delay_ms;
  PREFORK_PROBE5(request__start, request_.id, request_.method_text.data(),
                 request_.method_text.size(), request_.path.data(), request_.path.size());
  if (services_.tracer != nullptr) [[unlikely]] {
    log_.begin_trace(request_, route_);
  }
}

void Exchange::on_head_moved(std::string_view old_path) {
  parameters_.follow(old_path, request_.path);
}

// --- its content ---------------------------------------------------------------------------------

void Exchange::run(std::string_view content) {
  request_.body = content;
  if (route_.status == 405) {
    services_.accounting.count(ipc::Counter::unsupported_requests);
  }
  log_.record().bytes_received = content.size();
  if (route_.deferred != nullptr) {
    run_deferred();
  } else if (route_.handler == nullptr) {
    answer_unrouted(route_, services_.response);
    services_.accounting.count_loop_answer(request_.label);
    respond(request_, services_.response);
  } else if (route_.run_on == RunOn::loop || services_.executor == nullptr) {
    run_on_loop();
  } else {
    run_on_pool();
  }
}

bool Exchange::run_upload(bool expected, bool must_ask) {
  request_body_ = std::make_shared<BodyChannel>(
      [&sink = services_.completions, token = token_] { sink.wake(token); });
  if (expected) {
    upload_ = must_ask ? Upload::must_ask : Upload::open;
  } else {
    request_body_->finish();
  }
  return run_on_pool();
}

void Exchange::push_content() {
  // Whoever sends needs no asking.
  upload_ = must_ask() ? Upload::open : upload_;
  if (content_.empty()) {
    return;
  }
  log_.record().bytes_received += content_.size();
  upload_ = request_body_->push(content_) ? Upload::open : Upload::paused;
  content_.clear();
  paused_ns_ = services_.now_ns;
}

void Exchange::finish_upload() {
  upload_ = Upload::none;
  request_body_->finish();
}

void Exchange::fail_upload() {
  upload_ = Upload::none;
  if (request_body_) {
    request_body_->fail();
  }
}

// --- who answers ---------------------------------------------------------------------------------

void Exchange::run_on_loop() {
  http::Response& response = services_.response;
  response.clear();
  if (route_.streams_body) {
    // It is all here: the handler finds it where it looks for it, and never has to wait.
    request_body_ = std::make_shared<BodyChannel>(nullptr);
    request_body_->push(request_.body);
    request_body_->finish();
    request_.content = request_body_.get();
  }
  ipc::InFlightBox& box = services_.accounting.loop_request();
  box.set(services_.now_ns, request_.id, request_.peer, request_.method_text, request_.path,
          ipc::RequestPhase::handling, request_.route);
  const bool is_timed = services_.access_log.tells_handler_time();
  const std::uint64_t started_ns = is_timed ? services_.clock.now_ns() : 0;
  response.set_interim(&interim_);
  std::string failure;
  if (!call_handler(*route_.handler, request_, response, failure)) {
    services_.accounting.report_handler_error(request_, failure);
    answer_failed(std::move(failure), response);
  }
  box.clear();
  if (is_timed) {
    log_.record().handler_us = elapsed_us(started_ns, services_.clock.now_ns());
  }
  services_.accounting.count_loop_answer(request_.label);
  respond(request_, response);
}

// Everything that somebody else needs to answer. Null when too many are in progress; then it has
// been answered with 503.
std::unique_ptr<Job> Exchange::make_job() {
  if (services_.accounting.in_progress() >= services_.limits.concurrency) {
    respond_unavailable(request_, "too many requests in progress");
    return nullptr;
  }
  auto job = std::make_unique<Job>();
  client_ = std::make_shared<ClientBox>();
  job->exchange = token_;
  job->sink = &services_.completions;
  job->handler = route_.handler;
  job->profile = route_.profile;
  job->own_request(request_);
  job->set_client(client_);
  if (request_body_) {
    job->set_request_body(request_body_);
  }
  job->queued_ns = services_.now_ns;
  return job;
}

// False when there is no room for it; then it has been answered with 503.
bool Exchange::run_on_pool() {
  std::unique_ptr<Job> job = make_job();
  if (!job) {
    return false;
  }
  const std::shared_ptr<const http::OwnedRequest> copy = job->shared_request();
  if (!services_.executor->submit(job)) {
    respond_unavailable(request_, "the queue for a thread is full");
    return false;
  }
  services_.submitted = true;
  begin_handling(copy);
  log_.show(ipc::RequestPhase::queued, request_);
  return true;
}

void Exchange::begin_handling(const std::shared_ptr<const http::OwnedRequest>& request) {
  state_ = State::handling;
  services_.accounting.count_as(*client_, CountedAs::request);
  log_.keep(request);
}

void Exchange::run_deferred() {
  std::unique_ptr<Job> job = make_job();
  if (!job) {
    return;
  }
  job->begin_deferred();
  respond_by_ns_ = services_.now_ns + ipc::to_ns(services_.timeouts.deferred);
  begin_handling(job->shared_request());
  const http::Request& request = job->request;
  ipc::InFlightBox& box = services_.accounting.loop_request();
  box.set(services_.now_ns, request.id, request.peer, request.method_text, request.path,
          ipc::RequestPhase::handling, request.route);
  // The answer comes back as a delivery even if it is completed at once.
  (*route_.deferred)(std::move(job));
  log_.show(ipc::RequestPhase::deferred, request_);
  box.clear();
}

void Exchange::respond_unavailable(const http::Request& request, std::string_view detail,
                                   bool is_overload) {
  if (is_overload) {
    services_.accounting.count(ipc::Counter::overload_rejected);
  }
  http::Response& response = services_.response;
  response.set_error(503, detail);
  response.add_field("Retry-After", kRetryAfterSeconds);
  services_.accounting.count_loop_answer(request_.label);
  respond(request, response);
}

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
  if (state_ != State::none) {
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
    client_->set(ClientState::gone);
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
