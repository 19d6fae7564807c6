// Every state of a seat against every event: each cell's next state and actions, as a written
// table. The seat under test is 1.0; worker 0 (in 0.0) and, where it helps, its sibling 1.1 serve
// beside it.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/workers/supervision/supervisor_harness.h"

namespace prefork::supervision {
namespace {

constexpr Place kFirstSeat{1, 0};
constexpr Place kOther{1, 1};

using Arrange = std::function<void(Harness&)>;
using Happen = std::function<Transcript(Harness&)>;

void serve_beside_starting(Harness& h) {
  h.start();
  h.ready({0, 0});
}

void make_replacement(Harness& h) {
  // Worker 1 moves to seat 1.1, so that its next replacement is put into 1.0.
  h.serve();
  h.recycle(kFirstSeat);
  h.ready(kOther);
  h.exit(kFirstSeat, 0);
  h.recycle(kOther);
}

const std::vector<std::pair<std::string, Arrange>>& rows() {
  static const std::vector<std::pair<std::string, Arrange>> all = {
      {"vacant",
       [](Harness& h) {
         make_replacement(h);
         h.ready(kFirstSeat);
         h.exit(kOther, 0);
         h.recycle(kFirstSeat);
         h.ready(kOther);
         h.exit(kFirstSeat, 0);
       }},
      {"starting", serve_beside_starting},
      {"starting, no pid",
       [](Harness& h) {
         h.forks = Forks::stay_unanswered;
         serve_beside_starting(h);
       }},
      {"starting, replacement", make_replacement},
      {"ready", [](Harness& h) { h.serve(); }},
      {"draining",
       [](Harness& h) {
         h.serve();
         h.recycle(kFirstSeat);
         h.ready(kOther);
       }},
      {"draining, stopping",
       [](Harness& h) {
         h.serve();
         h.stop();
       }},
      {"killing, silent",
       [](Harness& h) {
         h.serve();
         h.silent.insert(kFirstSeat);
         h.pass(4s);
       }},
      {"killing, boot",
       [](Harness& h) {
         serve_beside_starting(h);
         h.pass(5s);
       }},
      {"killing, retiring",
       [](Harness& h) {
         h.serve();
         h.recycle(kFirstSeat);
         h.ready(kOther);
         h.pass(8s);
       }},
      {"backoff",
       [](Harness& h) {
         h.serve();
         h.crash(kFirstSeat);
       }},
      {"backoff, held",
       [](Harness& h) {
         h.start();
         h.exit(kFirstSeat, kCouldNotBoot);
       }},
      {"failed",
       [](Harness& h) {
         serve_beside_starting(h);
         for (std::uint32_t attempt = 1; attempt < kBootAttempts; ++attempt) {
           h.exit(kFirstSeat, kCouldNotBoot);
           h.pass(kBackoffMax);
         }
         h.exit(kFirstSeat, kCouldNotBoot);
       }},
  };
  return all;
}

const std::vector<std::pair<std::string, Happen>>& columns() {
  static const std::vector<std::pair<std::string, Happen>> all = {
      {"started", [](Harness& h) { return h.start(); }},
      {"forked",
       [](Harness& h) {
         return h.on(event::Forked{kFirstSeat, 500});
       }},
      {"fork failed",
       [](Harness& h) {
         return h.on(event::ForkFailed{kFirstSeat, 11});
       }},
      {"ready", [](Harness& h) { return h.ready(kFirstSeat); }},
      {"stale ready",
       [](Harness& h) {
         return h.on(event::Ready{kFirstSeat, 77});
       }},
      {"exited", [](Harness& h) { return h.crash(kFirstSeat); }},
      {"beat",
       [](Harness& h) {
         return h.on(event::Beat{kFirstSeat, h.now});
       }},
      {"recycle", [](Harness& h) { return h.recycle(kFirstSeat); }},
      {"stuck", [](Harness& h) { return h.get_stuck(kFirstSeat); }},
      {"stop", [](Harness& h) { return h.stop(); }},
      {"stop now", [](Harness& h) { return h.stop_now(); }},
      {"reload", [](Harness& h) { return h.reload(9, 2); }},
      {"add worker", [](Harness& h) { return h.on(event::AddWorker{}); }},
      {"remove worker", [](Harness& h) { return h.on(event::RemoveWorker{}); }},
      {"early", [](Harness& h) { return h.tick(); }},
      {"due",
       [](Harness& h) { return h.pass(h.seat(kFirstSeat).deadline.value_or(h.now + 1s) - h.now); }},
      {"silent",
       [](Harness& h) {
         h.silent.insert(kFirstSeat);
         return h.pass(4s);
       }},
  };
  return all;
}

// "row | column | next state: actions", the actions being those about slot 1 and the whole server.
std::string cell(const std::pair<std::string, Arrange>& row,
                 const std::pair<std::string, Happen>& column) {
  Harness harness(Harness::settings());
  row.second(harness);
  EXPECT_EQ(row.first.substr(0, row.first.find(',')), to_string(harness.state(kFirstSeat)));
  harness.forks = Forks::stay_unanswered;
  const Transcript actions = column.second(harness);
  std::string text =
      words({row.first, "|", column.first, "|", to_string(harness.state(kFirstSeat))});
  text.append(":");
  for (std::string line : actions) {
    const bool elsewhere =
        line.find(" 0.") != std::string::npos || line.find(" 2.") != std::string::npos;
    const std::size_t here = line.find(" 1.0");
    if (here != std::string::npos) line.erase(here, 4);
    if (!elsewhere) text.append(" ").append(line).append(";");
  }
  return text;
}

// Read as: a seat in this state (and this part or phase) | this happens | state after it: actions,
// which are about this very seat where they name none.
constexpr std::string_view kExpected = R"(
vacant | started | vacant:
vacant | forked | vacant:
vacant | fork failed | vacant:
vacant | ready | vacant:
vacant | stale ready | vacant:
vacant | exited | vacant:
vacant | beat | vacant:
vacant | recycle | vacant:
vacant | stuck | vacant:
vacant | stop | vacant: drain 1.1 stop;
vacant | stop now | vacant: kill 1.1 SIGKILL;
vacant | reload | vacant: note reload_started;
vacant | add worker | vacant:
vacant | remove worker | vacant: drain 1.1 removed;
vacant | early | vacant:
vacant | due | vacant:
vacant | silent | vacant:
starting | started | starting:
starting | forked | starting:
starting | fork failed | starting:
starting | ready | ready:
starting | stale ready | starting:
starting | exited | backoff: release; note restart_delayed;
starting | beat | starting:
starting | recycle | starting:
starting | stuck | starting:
starting | stop | draining: drain stop;
starting | stop now | killing: kill SIGKILL;
starting | reload | starting: note reload_started;
starting | add worker | starting:
starting | remove worker | draining: drain removed;
starting | early | starting:
starting | due | killing: note boot_deadline_passed; kill SIGABRT;
starting | silent | starting:
starting, no pid | started | starting:
starting, no pid | forked | starting:
starting, no pid | fork failed | backoff: release; note restart_delayed;
starting, no pid | ready | ready:
starting, no pid | stale ready | starting:
starting, no pid | exited | starting:
starting, no pid | beat | starting:
starting, no pid | recycle | starting:
starting, no pid | stuck | starting:
starting, no pid | stop | draining:
starting, no pid | stop now | killing:
starting, no pid | reload | starting: note reload_started;
starting, no pid | add worker | starting:
starting, no pid | remove worker | draining:
starting, no pid | early | starting:
starting, no pid | due | killing: note boot_deadline_passed;
starting, no pid | silent | starting:
starting, replacement | started | starting:
starting, replacement | forked | starting:
starting, replacement | fork failed | starting:
starting, replacement | ready | ready: drain 1.1 replaced;
starting, replacement | stale ready | starting:
starting, replacement | exited | vacant: release; note recycle_aborted 1.1;
starting, replacement | beat | starting:
starting, replacement | recycle | starting:
starting, replacement | stuck | starting:
starting, replacement | stop | draining: drain stop; drain 1.1 stop;
starting, replacement | stop now | killing: kill SIGKILL; kill 1.1 SIGKILL;
starting, replacement | reload | starting: note reload_queued;
starting, replacement | add worker | starting:
starting, replacement | remove worker | draining: drain removed; drain 1.1 removed;
starting, replacement | early | starting:
starting, replacement | due | killing: note boot_deadline_passed; kill SIGABRT; note recycle_aborted 1.1;
starting, replacement | silent | starting:
ready | started | ready:
ready | forked | ready:
ready | fork failed | ready:
ready | ready | ready:
ready | stale ready | ready:
ready | exited | backoff: release; note restart_delayed;
ready | beat | ready:
ready | recycle | ready: note recycle_started; spawn 1.1 generation 1;
ready | stuck | draining: note quarantine_started; drain stuck; spawn 1.1 generation 1;
ready | stop | draining: drain stop;
ready | stop now | killing: kill SIGKILL;
ready | reload | ready: note reload_started;
ready | add worker | ready:
ready | remove worker | draining: drain removed;
ready | early | ready:
ready | due | ready:
ready | silent | killing: note silent; kill SIGABRT;
draining | started | draining:
draining | forked | draining:
draining | fork failed | draining:
draining | ready | draining:
draining | stale ready | draining:
draining | exited | vacant: release;
draining | beat | draining:
draining | recycle | draining:
draining | stuck | draining:
draining | stop | draining: drain 1.1 stop;
draining | stop now | killing: kill SIGKILL; kill 1.1 SIGKILL;
draining | reload | draining: note reload_started;
draining | add worker | draining:
draining | remove worker | draining: drain 1.1 removed;
draining | early | draining:
draining | due | killing: note drain_deadline_passed; kill SIGKILL;
draining | silent | killing: note silent; kill SIGABRT;
draining, stopping | started | draining:
draining, stopping | forked | draining:
draining, stopping | fork failed | draining:
draining, stopping | ready | draining:
draining, stopping | stale ready | draining:
draining, stopping | exited | vacant: release;
draining, stopping | beat | draining:
draining, stopping | recycle | draining:
draining, stopping | stuck | draining:
draining, stopping | stop | killing: kill SIGKILL;
draining, stopping | stop now | killing: kill SIGKILL;
draining, stopping | reload | draining:
draining, stopping | add worker | draining:
draining, stopping | remove worker | draining:
draining, stopping | early | draining:
draining, stopping | due | killing: note drain_deadline_passed; kill SIGKILL;
draining, stopping | silent | draining:
killing, silent | started | killing:
killing, silent | forked | killing:
killing, silent | fork failed | killing:
killing, silent | ready | killing:
killing, silent | stale ready | killing:
killing, silent | exited | backoff: release; note restart_delayed;
killing, silent | beat | killing:
killing, silent | recycle | killing:
killing, silent | stuck | killing:
killing, silent | stop | killing:
killing, silent | stop now | killing: kill SIGKILL;
killing, silent | reload | killing: note reload_started;
killing, silent | add worker | killing:
killing, silent | remove worker | killing:
killing, silent | early | killing:
killing, silent | due | killing: kill SIGKILL;
killing, silent | silent | killing: kill SIGKILL;
killing, boot | started | killing:
killing, boot | forked | killing:
killing, boot | fork failed | killing:
killing, boot | ready | killing:
killing, boot | stale ready | killing:
killing, boot | exited | backoff: release; note restart_delayed;
killing, boot | beat | killing:
killing, boot | recycle | killing:
killing, boot | stuck | killing:
killing, boot | stop | killing:
killing, boot | stop now | killing: kill SIGKILL;
killing, boot | reload | killing: note reload_started;
killing, boot | add worker | killing:
killing, boot | remove worker | killing:
killing, boot | early | killing:
killing, boot | due | killing: kill SIGKILL;
killing, boot | silent | killing: kill SIGKILL;
killing, retiring | started | killing:
killing, retiring | forked | killing:
killing, retiring | fork failed | killing:
killing, retiring | ready | killing:
killing, retiring | stale ready | killing:
killing, retiring | exited | vacant: release;
killing, retiring | beat | killing:
killing, retiring | recycle | killing:
killing, retiring | stuck | killing:
killing, retiring | stop | killing: drain 1.1 stop;
killing, retiring | stop now | killing: kill 1.1 SIGKILL;
killing, retiring | reload | killing: note reload_started;
killing, retiring | add worker | killing:
killing, retiring | remove worker | killing: drain 1.1 removed;
killing, retiring | early | killing:
killing, retiring | due | killing: note still_there; kill SIGKILL;
killing, retiring | silent | killing:
backoff | started | backoff:
backoff | forked | backoff:
backoff | fork failed | backoff:
backoff | ready | backoff:
backoff | stale ready | backoff:
backoff | exited | backoff:
backoff | beat | backoff:
backoff | recycle | backoff:
backoff | stuck | backoff:
backoff | stop | vacant:
backoff | stop now | vacant:
backoff | reload | backoff: note reload_started;
backoff | add worker | backoff:
backoff | remove worker | vacant:
backoff | early | backoff:
backoff | due | starting: spawn generation 1;
backoff | silent | starting: spawn generation 1;
backoff, held | started | backoff:
backoff, held | forked | backoff:
backoff, held | fork failed | backoff:
backoff, held | ready | backoff:
backoff, held | stale ready | backoff:
backoff, held | exited | backoff:
backoff, held | beat | backoff:
backoff, held | recycle | backoff:
backoff, held | stuck | backoff:
backoff, held | stop | vacant:
backoff, held | stop now | vacant:
backoff, held | reload | backoff: note reload_started;
backoff, held | add worker | backoff:
backoff, held | remove worker | vacant:
backoff, held | early | backoff:
backoff, held | due | backoff:
backoff, held | silent | backoff:
failed | started | failed:
failed | forked | failed:
failed | fork failed | failed:
failed | ready | failed:
failed | stale ready | failed:
failed | exited | failed:
failed | beat | failed:
failed | recycle | failed:
failed | stuck | failed:
failed | stop | vacant:
failed | stop now | vacant:
failed | reload | failed: note reload_started;
failed | add worker | failed:
failed | remove worker | vacant:
failed | early | failed:
failed | due | starting: spawn generation 1;
failed | silent | failed:
)";

TEST(SupervisorMatrix, EveryStateAnswersEveryEventAsWritten) {
  std::istringstream expected{std::string(kExpected.substr(1))};
  std::string line;
  for (const auto& row : rows()) {
    for (const auto& column : columns()) {
      ASSERT_TRUE(std::getline(expected, line)) << "no expectation for " << cell(row, column);
      EXPECT_EQ(cell(row, column), line);
    }
  }
  EXPECT_FALSE(std::getline(expected, line)) << "an expectation without a cell: " << line;
}

}  // namespace
}  // namespace prefork::supervision
