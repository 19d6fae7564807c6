#include "workers/master/last_words.h"

#include <algorithm>
#include <array>

#include "ipc/base/signal_name.h"
#include "ipc/log/time_text.h"
#include "workers/master/json_line.h"

namespace prefork::master {

namespace {

// How much of what there may be a lot of.
struct Measure {
  std::size_t frames;
  std::size_t requests;
  std::size_t finished;
  std::size_t name_bytes;
};
constexpr std::array<Measure, 7> kMeasures = {{
    {64, 64, 32, 240},
    {32, 16, 32, 200},
    {16, 8, 16, 160},
    {12, 8, 8, 120},
    {8, 4, 4, 120},
    {6, 2, 2, 100},
    {3, 1, 0, 80},
}};

std::uint64_t since(std::uint64_t then_ns, std::uint64_t now_ns) {
  return now_ns > then_ns ? now_ns - then_ns : 0;
}

void add_exit(JsonLine& json, const LastWords& words) {
  const supervision::Exit& exit = words.exit;
  if (exit.signal != 0) {
    json.text("reason", "signal " + ipc::signal_name(exit.signal));
    json.number("signal", static_cast<std::uint64_t>(exit.signal));
    json.flag("core_dumped", exit.core);
    if (exit.core) {
      json.text("core_pattern", words.core_pattern);
    }
  } else {
    json.text("reason", "exit code " + std::to_string(exit.code));
    json.number("exit_code", static_cast<std::uint64_t>(exit.code));
  }
  json.number("peak_resident_bytes", exit.peak_bytes);
  if (words.oom_kills) {
    json.number("oom_kills", *words.oom_kills);
  } else {
    json.null("oom_kills");
  }
}

void add_requests(JsonLine& json, const LastWords& words, const Measure& measure) {
  const auto& named = words.at_work.requests.named;
  const std::size_t told = std::min(named.size(), measure.requests);
  json.begin_list("in_flight");
  for (std::size_t i = 0; i < told; ++i) {
    const ipc::InFlightRequest& request = named[i].request;
    json.begin_object();
    json.number("id", request.request_id);
    json.text("method", request.method);
    json.text("path", request.path);
    json.text("peer", ipc::to_string(request.peer));
    json.text("phase", ipc::to_string(request.phase));
    if (named[i].pool_thread) {
      json.text("thread", "pool-" + std::to_string(*named[i].pool_thread));
    } else if (named[i].is_on_loop) {
      json.text("thread", "loop");
    }
    json.milliseconds("age_ms", since(request.started_ns, words.at_work.now_ns));
    json.end_object();
  }
  json.end_list();
  json.number("in_flight_more", named.size() - told + words.at_work.requests.more);
}

void add_finished(JsonLine& json, const LastWords& words, const Measure& measure) {
  json.begin_list("finished");
  const std::size_t told = std::min(words.finished.size(), measure.finished);
  for (std::size_t i = 0; i < told; ++i) {
    const ipc::FinishedRequest& one = words.finished[i];
    json.begin_object();
    json.number("id", one.id);
    json.text("path", one.path);
    json.number("status", static_cast<std::uint64_t>(one.status));
    json.milliseconds("duration_ms", one.duration_ns);
    json.milliseconds("ago_ms", since(one.ended_ns, words.at_work.now_ns));
    json.end_object();
  }
  json.end_list();
}

void add_crash(JsonLine& json, const LastWords& words, const Measure& measure) {
  const ipc::Crash& crash = *words.crash;
  json.begin_object("crash");
  json.text("signal", ipc::signal_name(crash.signal));
  json.text("code", std::to_string(crash.code));
  if (crash.code > 0) {
    json.address("address", crash.address);
  } else {
    json.number("sender", crash.address);
  }
  json.number("thread", static_cast<std::uint64_t>(std::max(crash.thread, 0)));
  json.text("thread_name", crash.thread_name);
  json.flag("complete", crash.is_complete);
  add_stack(json, words.stack, {measure.frames, measure.name_bytes});
  json.end_object();
}

std::string written(const LastWords& words, const Measure& measure) {
  JsonLine json;
  json.begin_object();
  json.text("time", ipc::TimeText().rfc3339(words.at_realtime_ns));
  json.text("process", words.role);
  json.number("slot", words.slot);
  json.number("pid", static_cast<std::uint64_t>(words.pid));
  json.number("generation", words.generation);
  add_exit(json, words);
  json.milliseconds("age_ms", words.age_ns);
  json.number("requests_served", words.requests_served);
  if (!words.at_work.part.empty()) {
    json.text("part", words.at_work.part);
  }
  if (words.crash) {
    add_crash(json, words, measure);
  }
  add_requests(json, words, measure);
  add_finished(json, words, measure);
  json.end_object();
  return json.take();
}

}  // namespace

std::string to_json(const LastWords& words, std::size_t limit) {
  std::string text;
  for (const Measure& measure : kMeasures) {
    text = written(words, measure);
    if (text.size() <= limit) {
      break;
    }
  }
  return text;
}

}  // namespace prefork::master
