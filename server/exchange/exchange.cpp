#include "server/exchange/exchange.h"

#include <algorithm>
#include <utility>

#include "ipc/base/probe.h"
#include "ipc/base/timespec.h"
#include "server/exchange/client_identity.h"
#include "server/exchange/elapsed.h"
#include "server/exchange/unrouted.h"

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
    match = {};
    match.status = 503;
    match.retry_after_s = static_cast<std::uint32_t>(*for_ns / ipc::kNsPerSecond) + 1;
  }
}

// A deferred handler that reads the content has its time from the last of it on.
void put_off(std::uint64_t& respond_by_ns, const Services& services) {
  if (respond_by_ns != ipc::kNever) {
    respond_by_ns = services.now_ns + ipc::to_ns(services.timeouts.deferred);
  }
}

// Complete, and in need of nothing that one that comes back later does not need as well.
bool is_plain(const Job& job) {
  return !job.has_started() && !job.was_skipped() && !job.has_failed() &&
         job.request.content == nullptr && !job.client()->has_hints.load(std::memory_order_relaxed);
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
    run_deferred(*route_.deferred, make_job(std::move(services_.spare_job)));
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
  if (route_.deferred != nullptr) {
    request_body_->set_loop_thread(std::this_thread::get_id());
    return run_deferred(*route_.deferred, make_job());
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
  put_off(respond_by_ns_, services_);
}

void Exchange::finish_upload() {
  upload_ = Upload::none;
  put_off(respond_by_ns_, services_);
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
  response.link().interim = &interim_;
  std::string failure;
  if (!call_handler(*route_.handler, request_, response, failure)) {
    services_.accounting.report_handler_error(request_, failure);
    if (response.link().later) {
      response.link().take_later()(nullptr);
    }
    answer_failed(std::move(failure), response);
  }
  box.clear();
  if (is_timed) {
    log_.record().handler_us = elapsed_us(started_ns, services_.clock.now_ns());
  }
  if (response.link().later) [[unlikely]] {
    // The head is made, and the handler goes on as a deferred one.
    const DeferredHandler later = response.link().take_later();
    http::Response head = std::exchange(response, {});
    std::unique_ptr<Job> job = make_job();
    if (job) {
      job->response = std::move(head);
    }
    run_deferred(later, std::move(job));
    return;
  }
  services_.accounting.count_loop_answer(request_.label);
  respond(request_, response);
}

// Everything that somebody else needs to answer. Null when too many are in progress; then it has
// been answered with 503.
std::unique_ptr<Job> Exchange::make_job(std::unique_ptr<Job> spare) {
  if (services_.accounting.in_progress() >= services_.limits.concurrency) {
    respond_unavailable(request_, "too many requests in progress");
    return nullptr;
  }
  std::unique_ptr<Job> job = spare ? std::move(spare) : std::make_unique<Job>();
  job->exchange = token_;
  job->sink = &services_.completions;
  job->handler = route_.handler;
  job->profile = route_.profile;
  job->own_request(request_);
  job->begin_client();
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
  client_ = job->client();
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

// False when there was no room for a job; then it has been answered with 503.
bool Exchange::run_deferred(const DeferredHandler& handler, std::unique_ptr<Job> job) {
  if (!job) {
    if (route_.deferred == nullptr) {
      handler(nullptr);  // who goes on with a head has to know
    }
    return false;
  }
  job->begin_deferred();
  ipc::InFlightBox& box = services_.accounting.loop_request();
  box.set(services_.now_ns, request_.id, request_.peer, request_.method_text, request_.path,
          ipc::RequestPhase::handling, request_.route);
  // Completed by another thread it is delivered, and stays where it is until the next turn.
  Job& called = *job;
  std::unique_ptr<Job> returned;
  called.begin_call(returned);
  handler(std::move(job));
  called.end_call();
  box.clear();
  const bool is_done = returned && is_plain(called);
  if (!is_done || !called.client()->listeners.empty()) {
    client_ = called.client();
  }
  if (is_done) {
    // It did not wait for anything: as cheap as one on the loop.
    if (services_.access_log.tells_handler_time()) {
      log_.note_times(called, true);
    }
    services_.accounting.count_loop_answer(request_.label);
    respond(request_, called.response);
    services_.spare_job = called.recycle() ? std::move(returned) : nullptr;
    return true;
  }
  respond_by_ns_ = services_.now_ns + ipc::to_ns(services_.timeouts.deferred);
  begin_handling(called.shared_request());
  log_.show(ipc::RequestPhase::deferred, request_);
  if (returned) {
    called.sink->deliver(std::move(returned));
  }
  return true;
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

}  // namespace prefork::exchange
