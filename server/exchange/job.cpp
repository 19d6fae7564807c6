#include "server/exchange/job.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "ipc/base/monotonic.h"

namespace prefork::exchange {

namespace {

// A client may finish sending with its request and wait for the answer all the same. One that has
// done so, and whose request has still found no thread after this time, has left.
constexpr std::uint64_t kFinishedPatienceNs = 100'000'000;

}  // namespace

void Job::own_request(const http::Request& from) {
  if (!owned_) {
    owned_ = std::make_shared<http::OwnedRequest>();
  }
  owned_->copy(from);
  request = owned_->request;
}

void Job::begin_client() {
  if (!client_) {
    client_ = std::make_shared<ClientBox>();
  }
}

void Job::set_request_body(std::shared_ptr<BodyChannel> body) {
  request_body_ = std::move(body);
  request_body_->set_on_wait([this](bool waits) { waits ? lend_thread() : take_back_thread(); });
  request.content = request_body_.get();
}

void Job::run() {
  begin();
  course_.was_skipped = is_unwanted();
  if (!course_.was_skipped) {
    failed = !call_handler(*handler, request, response, failure);
  }
  if (failed && response.link().later) {
    response.link().take_later()(nullptr);
  }
  if (response.link().later) {
    finished_ns = ipc::monotonic_ns();  // of this part; the rest is the event loop's
    executor = nullptr;
    return;
  }
  finish();
  if (profile != nullptr && !course_.was_skipped && !course_.is_at_clients_pace) {
    profile->note(finished_ns - started_ns);
  }
}

void Job::shed() {
  begin();
  course_.was_skipped = is_unwanted();
  course_.was_shed = !course_.was_skipped;
  finish();
}

bool Job::is_unwanted() const {
  if (!client_) {
    return false;
  }
  const ClientState state = client_->get();
  return state == ClientState::gone ||
         (state == ClientState::finished && started_ns > queued_ns + kFinishedPatienceNs);
}

bool Job::has_lost_client() const {
  return (request_body_ && request_body_->was_told_gone()) ||
         (response_body_ && response_body_->was_told_gone());
}

void Job::deliver(std::unique_ptr<Job> job) {
  // Where somebody stands in between, he sees the answers too.
  if (job->is_on_loop_thread() && job->call_.returned != nullptr && job->sink == job->call_.sink) {
    *job->call_.returned = std::move(job);
    return;
  }
  CompletionSink* const sink = job->sink;
  sink->deliver(std::move(job));
}

bool Job::recycle() {
  constexpr std::size_t kMaxKeptBody = std::size_t{64} * 1024;
  if (owned_.use_count() != 1 || client_.use_count() != 1 || request.body.size() > kMaxKeptBody) {
    return false;
  }
  response.clear();
  course_ = {};
  call_ = {};
  return true;
}

void Job::begin_deferred() {
  call_.thread = std::this_thread::get_id();
  begin();
}

void Job::begin() {
  started_ns = ipc::monotonic_ns();
  response.link().starter = this;
  response.link().interim = this;
}

void Job::finish() {
  if (!failed) {
    failure = response.take_failure();
  }
  if (response_body_) {
    if (has_failed()) {
      response_body_->fail();
    } else {
      response_body_->finish();
    }
  }
  if (request_body_) {
    request_body_->abandon();
  }
  finished_ns = ipc::monotonic_ns();
}

BodyChannel& Job::start(http::Response& started) {
  if (response_body_) {
    throw std::logic_error("start_stream() called twice for one response");
  }
  response_body_ =
      std::make_shared<BodyChannel>([sink = sink, exchange = exchange] { sink->wake(exchange); });
  response_body_->set_loop_thread(call_.thread);
  lend_thread();
  started.set_source(std::make_unique<ChannelSource>(response_body_), started.source_size());
  sink->deliver_start(*this, std::make_unique<http::Response>(std::move(started)));
  return *response_body_;
}

// The life of a stream is its client's, and so is the time until a content is there.
void Job::lend_thread() {
  if (executor != nullptr && !std::exchange(course_.has_lent_thread, true)) {
    course_.is_at_clients_pace = true;
    executor->lend_thread(*this);
  }
}

void Job::take_back_thread() {
  if (course_.has_lent_thread && !has_started()) {
    course_.has_lent_thread = false;
    executor->take_back_thread(*this);
  }
}

bool Job::is_abandoned() const { return client_ && client_->get() != ClientState::waiting; }

bool call_handler(const Handler& handler, const http::Request& request, http::Response& response,
                  std::string& failure) {
  try {
    handler(request, response);
    return true;
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "an exception that is no std::exception";
  }
  return false;
}

}  // namespace prefork::exchange
