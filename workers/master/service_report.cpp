#include "workers/master/service_report.h"

#include <algorithm>

namespace prefork::master {

namespace {

using Phase = ServiceFacts::Phase;

constexpr std::size_t kMostStatusBytes = 512;

std::string microseconds(supervision::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// Each assignment is a line.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kMostStatusBytes) {
    text.resize(kMostStatusBytes);
  }
  return text;
}

// The manager asks for the time, so that it does not take this for the answer to an earlier one.
std::string reloading(supervision::TimePoint now) {
  return "RELOADING=1\nMONOTONIC_USEC=" + microseconds(now.time_since_epoch()) + "\n";
}

}  // namespace

std::vector<std::string> ServiceReport::due(const ServiceFacts& facts, TimePoint now) {
  std::vector<std::string> messages;
  if (!changes_phase(facts, now, messages) && facts.status != told_.status) {
    status_due_ = status_told_ ? *status_told_ + kStatusEvery : now;
    if (now >= *status_due_) {
      std::string message;
      add_status(facts, now, message);
      messages.push_back(std::move(message));
    }
  } else {
    status_due_.reset();
  }
  if (extension_due_ && now >= *extension_due_) {
    messages.push_back("EXTEND_TIMEOUT_USEC=" + microseconds(kExtension) + "\n");
    extension_due_ = now + kExtendEvery;
  }
  if (watchdog_ && now >= watchdog_due_.value_or(now)) {
    // Not fed, it is looked at again soon.
    watchdog_due_ =
        now + (facts.is_alive ? *watchdog_ / 2 : std::min<Duration>(*watchdog_ / 2, kStatusEvery));
    if (facts.is_alive) {
      messages.push_back("WATCHDOG=1\n");
    }
  }
  return messages;
}

bool ServiceReport::changes_phase(const ServiceFacts& facts, TimePoint now,
                                  std::vector<std::string>& messages) {
  // A reload that is refused at once is over before anybody has seen it.
  const bool was_reloaded = facts.reloads != told_.reloads && told_.phase == Phase::running;
  if (facts.phase == told_.phase && !was_reloaded) {
    told_.reloads = facts.reloads;
    return false;
  }
  if (was_reloaded && facts.phase == Phase::running) {
    messages.push_back(reloading(now));
  }
  std::string message;
  switch (facts.phase) {
    case Phase::starting:
      break;
    case Phase::running:
      message = "READY=1\n";
      break;
    case Phase::reloading:
      message = reloading(now);
      break;
    case Phase::stopping:
      message = "STOPPING=1\n";
      extension_due_ = now;
      break;
  }
  add_status(facts, now, message);
  messages.push_back(std::move(message));
  told_.phase = facts.phase;
  told_.reloads = facts.reloads;
  return true;
}

void ServiceReport::add_status(const ServiceFacts& facts, TimePoint now, std::string& message) {
  message += "STATUS=" + one_line(facts.status) + "\n";
  told_.status = facts.status;
  status_told_ = now;
  status_due_.reset();
}

std::optional<ServiceReport::TimePoint> ServiceReport::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& due : {status_due_, watchdog_due_, extension_due_}) {
    if (due && (!first || *due < *first)) {
      first = due;
    }
  }
  return first;
}

}  // namespace prefork::master
