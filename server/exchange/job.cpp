#include "server/exchange/job.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "ipc/base/monotonic.h"

namespace prefork::exchange {

void Job::own_request(const http::Request& from) {
  owned_.copy(from);
  request = owned_.request;
}

void Job::set_intake(std::shared_ptr<BodyChannel> intake) {
  intake_ = std::move(intake);
  request.content = intake_.get();
}

void Job::run() {
  begin();
  skipped_ = abandoned_ && abandoned_->load(std::memory_order_relaxed);
  if (!skipped_) {
    failed = !call_handler(*handler, request, response, failure);
  }
  finish();
}

void Job::begin() {
  started_ns = ipc::monotonic_ns();
  response.set_starter(this);
}

void Job::finish() {
  if (outlet_) {
    if (failed) {
      outlet_->fail();
    } else {
      outlet_->finish();
    }
  }
  if (intake_) {
    intake_->abandon();
  }
  finished_ns = ipc::monotonic_ns();
}

BodyChannel& Job::start(http::Response& started) {
  if (outlet_) {
    throw std::logic_error("start_stream() called twice for one response");
  }
  outlet_ = std::make_shared<BodyChannel>(
      [home = home, connection = connection] { home->wake(connection); });
  started.set_source(std::make_unique<ChannelSource>(outlet_), started.source_size());
  home->deliver_start(*this, std::make_unique<http::Response>(std::move(started)));
  return *outlet_;
}

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
