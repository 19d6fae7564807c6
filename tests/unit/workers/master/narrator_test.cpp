// Every sentence that an operator reads in the master's log.
#include "workers/master/narrator.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "config/version.h"

namespace prefork::master {

// For failure messages.
void PrintTo(const Line& line, std::ostream* out) {
  *out << static_cast<int>(line.level) << " \"" << line.text << "\"";
}

namespace {

using config::LogLevel;
using supervision::Failure;
using supervision::FailureKind;
using supervision::NoticeKind;
using supervision::action::Notice;
using namespace std::chrono_literals;

constexpr std::uint32_t kObserverSlot = 4;
constexpr ipc::Place kToldWorker{1, 0};
constexpr ipc::Place kToldObserver{kObserverSlot, 0};
const Narrator kNarrator(kObserverSlot);

ipc::InFlightRequest request(std::uint64_t id, std::string path) {
  ipc::InFlightRequest made;
  made.started_ns = 1'000'000'000;
  made.request_id = id;
  made.peer.family = ipc::PeerAddress::Family::ipv4;
  made.peer.port = 4711;
  made.peer.bytes = {192, 0, 2, 7};
  made.method = "GET";
  made.path = std::move(path);
  return made;
}

AtWork two_requests() {
  return {{{{request(12, "/slow"), true, std::nullopt}, {request(13, "/cpu"), false, 3U}}, 0},
          1'250'000'000,
          ""};
}

Lines told(const Notice& notice, std::string_view last_words = "", const AtWork& at_work = {}) {
  return kNarrator.tell(notice, last_words, at_work);
}

Failure failure(FailureKind kind, ipc::Place at = kToldWorker) {
  Failure made;
  made.kind = kind;
  made.at = at;
  made.pid = 300;
  made.exit = {0, SIGSEGV, true};
  return made;
}

std::string why(const Failure& lost, std::string_view last_words = "") {
  return kNarrator.name_of(lost.at, lost.pid) + " " + Narrator::reason_of(lost, last_words);
}

supervision::action::Release release(ipc::ProcessState state, supervision::Exit exit,
                                     ipc::Place at = kToldWorker) {
  supervision::action::Release made;
  made.at = at;
  made.last.state = state;
  made.last.pid = 300;
  made.exit = exit;
  return made;
}

TEST(Narrator, SaysWhichBuildIsServed) {
  EXPECT_EQ(serves("/srv/libshop.so", "ab01"),
            (Line{config::LogLevel::info, "serving '/srv/libshop.so', build id ab01"}));
  EXPECT_EQ(serves("/srv/libshop.so", "").text, "serving '/srv/libshop.so'");
}

TEST(Narrator, TellsWhatTheServerStartsWith) {
  const std::string program = "prefork-server " + std::string(config::kVersion);
  EXPECT_EQ(starts({1, "", 8, {"http://127.0.0.1:8000"}, "", "", ""}),
            (Lines{{LogLevel::info, program + " starts with 1 worker, 8 pool threads each"},
                   {LogLevel::info, "listening on http://127.0.0.1:8000"}}));
  EXPECT_EQ(
      starts({.workers = 4,
              .workers_basis = "one for each CPU",
              .threads = 2,
              .urls = {"http://127.0.0.1:8000", "unix:/run/shop.sock"},
              .note = "a free port was taken",
              .admin_url = "http://127.0.0.1:8001",
              .watched = "./libshop.so",
              .cpus = "each worker has a core of its own, of CPUs 0-3"}),
      (Lines{{LogLevel::info,
              program + " starts with 4 workers (one for each CPU), 2 pool threads each"},
             {LogLevel::info, "--cpu-affinity: each worker has a core of its own, of CPUs 0-3"},
             {LogLevel::info, "listening on http://127.0.0.1:8000"},
             {LogLevel::info, "listening on unix:/run/shop.sock"},
             {LogLevel::warning, "a free port was taken"},
             {LogLevel::info, "statistics on http://127.0.0.1:8001/stats"},
             {LogLevel::info, "reload: watching ./libshop.so"}}));
}

TEST(Narrator, TellsThatTheServerIsReady) {
  EXPECT_EQ(is_ready(1, 0, 31'900'000), (Line{LogLevel::info, "ready: 1 worker in 31 ms"}));
  EXPECT_EQ(is_ready(3, 0, 2'000'000'000), (Line{LogLevel::info, "ready: 3 workers in 2000 ms"}));
}

TEST(Narrator, TellsHowTheServerEnds) {
  EXPECT_EQ(stopped(config::ExitCode::stopped), (Line{LogLevel::info, "stopped"}));
  EXPECT_EQ(stopped(config::ExitCode::requests_cut),
            (Line{LogLevel::info, "stopped; running requests were cut"}));
  EXPECT_EQ(kNarrator.giving_up(failure(FailureKind::boot_exited), "no such file"),
            "giving up: worker 1 (pid 300) could not boot: no such file");
}

TEST(Narrator, TellsWhatASignalAsksFor) {
  EXPECT_EQ(why_of(SIGTERM), "SIGTERM: stopping; requests that run may finish");
  EXPECT_EQ(why_of(SIGINT),
            "SIGINT: stopping; requests that run may finish (Ctrl+C again to stop at once)");
  EXPECT_EQ(why_of(SIGINT, true), "second SIGINT: stopping at once");
  EXPECT_EQ(why_of(SIGQUIT), "SIGQUIT: stopping at once");
  EXPECT_EQ(why_of(SIGHUP), "SIGHUP: reading the configuration again");
  EXPECT_EQ(why_of(SIGTTIN), "SIGTTIN: one worker more");
  EXPECT_EQ(why_of(SIGTTOU), "SIGTTOU: one worker fewer");
  EXPECT_EQ(why_of(SIGUSR1), "SIGUSR1: log files opened anew");
  EXPECT_EQ(why_of(SIGUSR2), "SIGUSR2: going on as the program that lies at the server's path");
}

TEST(Narrator, TellsWhatIsInTheWayOfAReload) {
  EXPECT_EQ(too_many_workers(200, 12),
            "--workers: 200 are more than the 12 this master has room for; restart it for so many");
  EXPECT_EQ(kObserverStaysAsItIs,
            "--admin: turning the observer on or off takes a restart; it stays as it is");
  EXPECT_EQ(kReloadGivenUp,
            "the reload was given up; the workers go on with the configuration they have");
}

TEST(Narrator, NamesAProcessByItsSlotAndItsPid) {
  EXPECT_EQ(kNarrator.name_of(kToldWorker, 300), "worker 1 (pid 300)");
  EXPECT_EQ(kNarrator.name_of(kToldWorker, std::nullopt), "worker 1");
  EXPECT_EQ(kNarrator.name_of({1, 1}, 301), "worker 1 (pid 301)") << "of either seat";
  EXPECT_EQ(kNarrator.name_of(kToldObserver, 302), "observer (pid 302)");
  EXPECT_EQ(kNarrator.name_of(kToldObserver, std::nullopt), "observer");
}

TEST(Narrator, TellsTheLifeOfAProcessToThoseWhoDebug) {
  EXPECT_EQ(kNarrator.started(kToldWorker, 300),
            (Line{LogLevel::debug, "worker 1 (pid 300) was started"}));
  EXPECT_EQ(kNarrator.ready(kToldWorker, 300, {1234}),
            (Line{LogLevel::debug, "worker 1 (pid 300) is ready after 1234 us"}));
  EXPECT_EQ(kNarrator.gets({kToldWorker, 300, supervision::Signal::abort}),
            (Line{LogLevel::debug, "worker 1 (pid 300) gets SIGABRT"}));
  EXPECT_EQ(kNarrator.gets({kToldObserver, 301, supervision::Signal::kill}),
            (Line{LogLevel::debug, "observer (pid 301) gets SIGKILL"}));
  EXPECT_EQ(reaped_stranger(99),
            (Line{LogLevel::debug, "reaped a process of somebody else: pid 99"}));
}

TEST(Narrator, TellsWhatALostForkServerMeansForWhoWasToBeForked) {
  supervision::Exit killed;
  killed.signal = 9;
  EXPECT_EQ(ended_before_it_forked(killed),
            "no process could be made for it: its fork server ended: signal 9 (SIGKILL), no core "
            "dump");
  EXPECT_EQ(ended_while_it_was_loaded("/srv/shop.so", killed),
            "'/srv/shop.so' ended the process that loaded it: signal 9 (SIGKILL), no core dump");
}

TEST(Narrator, TellsWhatIsWrongWithAPipe) {
  EXPECT_EQ(kNarrator.does_not_read(kToldWorker, 300),
            (Line{LogLevel::warning,
                  "worker 1 (pid 300) does not read its command pipe; its "
                  "deadline will end it"}));
  EXPECT_EQ(
      kNarrator.sent_something_unreadable(kToldWorker, 300, ipc::FrameError::magic),
      (Line{LogLevel::error, "worker 1 (pid 300) sent something unreadable: not a control frame"}));
  EXPECT_EQ(kNarrator.sent_frame_of_other_epoch(kToldWorker, 300),
            (Line{LogLevel::error, "worker 1 (pid 300) sent a frame of another epoch; ignored"}));
}

TEST(Narrator, AProcessThatEndedAsAskedIsNoWarning) {
  const auto asked = release(ipc::ProcessState::draining, {0, 0, false});
  EXPECT_EQ(kNarrator.ended({asked, 1500ms, 42, two_requests()}),
            (Lines{{LogLevel::info,
                    "worker 1 (pid 300) ended: exit code 0, as asked; age 1.5 s, 42 requests "
                    "served"}}));
  const auto observer = release(ipc::ProcessState::draining, {0, 0, false}, kToldObserver);
  EXPECT_EQ(
      kNarrator.ended({observer, 12345ms, 0, {}}),
      (Lines{{LogLevel::info, "observer (pid 300) ended: exit code 0, as asked; age 12.3 s"}}));
}

TEST(Narrator, AProcessThatEndedOtherwiseIsAWarningWithTheRequestsItHad) {
  const auto crashed = release(ipc::ProcessState::ready, {0, SIGSEGV, true});
  EXPECT_EQ(
      kNarrator.ended({crashed, 2s, 7, two_requests()}),
      (Lines{{LogLevel::warning,
              "worker 1 (pid 300) ended: signal 11 (SIGSEGV), core dumped; age 2 s, 7 requests "
              "served"},
             {LogLevel::warning,
              "worker 1 was working on GET /slow from 192.0.2.7:4711 (request 12, 250 ms old), "
              "handling on its event loop"},
             {LogLevel::warning,
              "worker 1 was working on GET /cpu from 192.0.2.7:4711 (request 13, 250 ms old), "
              "handling on pool thread 3"}}));
  const auto failed = release(ipc::ProcessState::draining, {9, 0, false});
  EXPECT_EQ(kNarrator.ended({failed, 2s, 7, {}}),
            (Lines{{LogLevel::warning,
                    "worker 1 (pid 300) ended: exit code 9; age 2 s, 7 requests served"}}));
  const auto cut = release(ipc::ProcessState::draining, {0, SIGKILL, false});
  EXPECT_EQ(kNarrator.ended({cut, 2s, 7, {}})[0].text,
            "worker 1 (pid 300) ended: signal 9 (SIGKILL), no core dump; age 2 s, 7 requests "
            "served");
  const auto left = release(ipc::ProcessState::ready, {0, 0, false});
  EXPECT_EQ(kNarrator.ended({left, 2s, 7, {}})[0],
            (Line{LogLevel::warning,
                  "worker 1 (pid 300) ended: exit code 0; age 2 s, 7 requests served"}))
      << "nobody has asked it to";
}

TEST(Narrator, AProcessThatCannotBootIsToldOnce) {
  const auto unable = release(ipc::ProcessState::starting, {0, SIGSEGV, false});
  AtWork in_hook;
  in_hook.part = "hook on_worker_start";
  const Lines lines = kNarrator.ended({unable, 10ms, 0, in_hook});
  EXPECT_EQ(lines[0].level, LogLevel::debug)
      << "what follows from its end says how it ended in its own words";
  EXPECT_EQ(lines[1].level, LogLevel::warning);
  const auto slow = release(ipc::ProcessState::killing, {0, SIGABRT, false});
  EXPECT_EQ(kNarrator.ended({slow, 10ms, 0, {}})[0].level, LogLevel::warning);
}

TEST(Narrator, ARequestFromTheFutureIsNew) {
  AtWork at_work = two_requests();
  at_work.now_ns = 5;
  const auto crashed = release(ipc::ProcessState::ready, {0, SIGSEGV, false});
  EXPECT_NE(kNarrator.ended({crashed, 2s, 7, at_work})[1].text.find("0 ms old"), std::string::npos);
}

TEST(Narrator, EscapesWhatAClientHasSent) {
  AtWork at_work;
  ipc::InFlightRequest request;
  request.method = "GET";
  request.path = "/\xE2\x80\xAE\x9B\n";
  at_work.requests.named.push_back({request, false, std::nullopt});
  const auto crashed = release(ipc::ProcessState::ready, {0, SIGSEGV, false});
  const std::string line = kNarrator.ended({crashed, 2s, 7, at_work})[1].text;
  EXPECT_NE(line.find("GET /\\xe2\\x80\\xae\\x9b\\x0a from "), std::string::npos) << line;
}

TEST(Narrator, TellsHowFarARequestHadCome) {
  const std::pair<ipc::RequestPhase, std::string> cases[] = {
      {ipc::RequestPhase::reading, "reading"},
      {ipc::RequestPhase::queued, "queued"},
      {ipc::RequestPhase::deferred, "deferred"},
      {ipc::RequestPhase::sending, "sending"},
  };
  const auto crashed = release(ipc::ProcessState::ready, {0, SIGSEGV, false});
  for (const auto& [phase, name] : cases) {
    AtWork at_work;
    at_work.now_ns = 1'250'000'000;
    at_work.requests.named.push_back({request(12, "/a"), false, std::nullopt});
    at_work.requests.named[0].request.phase = phase;
    EXPECT_EQ(
        kNarrator.ended({crashed, 2s, 7, at_work})[1].text,
        "worker 1 was working on GET /a from 192.0.2.7:4711 (request 12, 250 ms old), " + name);
    at_work.requests.named[0].request.request_id = 0;
    at_work.requests.named[0].pool_thread = 2;
    EXPECT_EQ(kNarrator.ended({crashed, 2s, 7, at_work})[1].text,
              "worker 1 was working on GET /a from 192.0.2.7:4711 (250 ms old), " + name +
                  " on pool thread 2")
        << "one without a number yet";
  }
}

TEST(Narrator, NamesSoManyRequestsAndCountsTheRest) {
  AtWork at_work;
  for (std::uint64_t id = 1; id <= 40; ++id) {
    at_work.requests.named.push_back({request(id, "/a"), false, std::nullopt});
  }
  at_work.requests.more = 500;
  const auto crashed = release(ipc::ProcessState::ready, {0, SIGSEGV, false});
  Lines lines = kNarrator.ended({crashed, 2s, 7, at_work});
  ASSERT_EQ(lines.size(), 1U + 32U + 1U);
  EXPECT_EQ(lines.back(), (Line{LogLevel::warning, "worker 1 was working on 508 requests more"}));
  at_work.requests.named.resize(33);
  at_work.requests.more = 0;
  lines = kNarrator.ended({crashed, 2s, 7, at_work});
  EXPECT_EQ(lines.back().text, "worker 1 was working on 1 request more");
}

TEST(Narrator, TellsWhyAProcessWasLost) {
  Failure no_fork = failure(FailureKind::fork_failed);
  no_fork.pid.reset();
  no_fork.error_number = EAGAIN;
  EXPECT_EQ(why(no_fork), "worker 1 could not be started: Resource temporarily unavailable");
  Failure unable = failure(FailureKind::boot_exited);
  unable.exit = {3, 0, false};
  EXPECT_EQ(why(unable), "worker 1 (pid 300) could not boot: exit code 3");
  EXPECT_EQ(why(unable, "the port is taken"),
            "worker 1 (pid 300) could not boot: the port is taken");
  EXPECT_EQ(why(failure(FailureKind::boot_timed_out)),
            "worker 1 (pid 300) was not ready within its boot deadline (--timeout-worker-boot)");
  EXPECT_EQ(why(failure(FailureKind::silent)),
            "worker 1 (pid 300) gave no sign of life (--timeout-worker-healthcheck)");
  EXPECT_EQ(why(failure(FailureKind::crashed), "the port is taken"),
            "worker 1 (pid 300) ended by signal 11 (SIGSEGV), core dumped");
  EXPECT_EQ(why(failure(FailureKind::crashed, kToldObserver)),
            "observer (pid 300) ended by signal 11 (SIGSEGV), core dumped");
}

TEST(Narrator, TellsWhatTheSupervisorDoesAboutALoss) {
  const Failure lost = failure(FailureKind::crashed);
  EXPECT_EQ(told({.kind = NoticeKind::restart_delayed, .duration = 100ms, .failure = lost}),
            (Lines{{LogLevel::warning, "worker 1: next start in 0.1 s"}}))
      << "how it ended has been told";
  const Failure unable = failure(FailureKind::boot_timed_out);
  const std::string name =
      "worker 1 (pid 300) was not ready within its boot deadline (--timeout-worker-boot)";
  EXPECT_EQ(told({.kind = NoticeKind::restart_delayed, .duration = 100ms, .failure = unable}),
            (Lines{{LogLevel::warning, name + "; next start in 0.1 s"}}));
  EXPECT_EQ(told({.kind = NoticeKind::slot_failed, .duration = 60s, .count = 5, .failure = unable}),
            (Lines{{LogLevel::error, name + "; failed 5 times in a row, next try in 60 s"}}));
}

TEST(Narrator, TellsWhichDeadlineAProcessHasMissed) {
  EXPECT_EQ(told({.kind = NoticeKind::boot_deadline_passed,
                  .at = kToldWorker,
                  .pid = 300,
                  .duration = 60s}),
            (Lines{{LogLevel::error,
                    "worker 1 (pid 300) was not ready 60 s after its start; it gets SIGABRT"}}));
  EXPECT_EQ(told({.kind = NoticeKind::still_there, .at = kToldWorker, .pid = 300, .duration = 10s}),
            (Lines{{LogLevel::error,
                    "worker 1 (pid 300) is still there after SIGKILL; it is sent again"}}));
}

TEST(Narrator, ASilentOrCutWorkerIsNamedWithItsRequests) {
  const std::string first =
      " GET /slow from 192.0.2.7:4711 (request 12, 250 ms old), handling on its event loop";
  const std::string second =
      " GET /cpu from 192.0.2.7:4711 (request 13, 250 ms old), handling on pool thread 3";
  EXPECT_EQ(
      told({.kind = NoticeKind::silent, .at = kToldWorker, .pid = 300, .duration = 5s}, "",
           two_requests()),
      (Lines{{LogLevel::error, "worker 1 (pid 300) gave no sign of life for 5 s; it gets SIGABRT"},
             {LogLevel::warning, "worker 1 is stuck with" + first},
             {LogLevel::warning, "worker 1 is stuck with" + second}}));
  EXPECT_EQ(told({.kind = NoticeKind::drain_deadline_passed,
                  .at = kToldWorker,
                  .pid = 300,
                  .duration = 30s},
                 "", two_requests()),
            (Lines{{LogLevel::warning, "worker 1 (pid 300) did not finish within 30 s; it is cut"},
                   {LogLevel::warning, "worker 1 is cut in" + first},
                   {LogLevel::warning, "worker 1 is cut in" + second}}));
}

TEST(Narrator, TellsTheCourseOfAReload) {
  EXPECT_EQ(told({.kind = NoticeKind::reload_queued, .generation = 3}),
            (Lines{{LogLevel::info, "reload to generation 3 waits for the one under way"}}));
  EXPECT_EQ(told({.kind = NoticeKind::reload_started, .generation = 3}),
            (Lines{{LogLevel::info, "reload to generation 3 began"}}));
  EXPECT_EQ(told({.kind = NoticeKind::soak_started,
                  .at = ipc::Place{1, 0},
                  .pid = 300,
                  .duration = std::chrono::seconds{30},
                  .generation = 3}),
            (Lines{{LogLevel::info,
                    "reload to generation 3: worker 1 (pid 300) is watched for 30 s before the "
                    "others are replaced"}}));
  EXPECT_EQ(told({.kind = NoticeKind::reload_finished, .generation = 3}),
            (Lines{{LogLevel::info, "reload to generation 3 is done"}}));
  EXPECT_EQ(told({.kind = NoticeKind::reload_aborted, .generation = 3}),
            (Lines{{LogLevel::info, "reload to generation 3 was given up: the server stops"}}));
  EXPECT_EQ(told({.kind = NoticeKind::reload_aborted,
                  .generation = 3,
                  .failure = failure(FailureKind::boot_exited)},
                 "no such file"),
            (Lines{{LogLevel::error,
                    "reload to generation 3 was given up: worker 1 (pid 300) could not boot: no "
                    "such file; the present workers stay"}}));
}

TEST(Narrator, TellsThatAReloadIsRolledBack) {
  Failure lost = failure(FailureKind::boot_exited);
  EXPECT_EQ(
      told({.kind = NoticeKind::rollback_started, .generation = 3, .back_to = 2, .failure = lost},
           "no such file"),
      (Lines{{LogLevel::error,
              "reload to generation 3 was given up: worker 1 (pid 300) could not boot: no "
              "such file; going back to generation 2"}}));
  lost.pid = 301;
  EXPECT_EQ(told({.kind = NoticeKind::rollback_delayed,
                  .at = kToldWorker,
                  .pid = 300,
                  .duration = 200ms,
                  .generation = 3,
                  .failure = lost},
                 "no such file"),
            (Lines{{LogLevel::error,
                    "worker 1 (pid 301) could not boot: no such file; worker 1 (pid 300) stays at "
                    "generation 3, next try in 0.2 s"}}));
  EXPECT_EQ(told({.kind = NoticeKind::rollback_finished, .generation = 2}),
            (Lines{{LogLevel::info, "all workers are of generation 2 again"}}));
}

TEST(Narrator, TellsTheCourseOfARecycle) {
  EXPECT_EQ(told({.kind = NoticeKind::recycle_started, .at = kToldWorker, .pid = 300}),
            (Lines{{LogLevel::info,
                    "worker 1 (pid 300) has served its share of requests; a successor starts"}}));
  EXPECT_EQ(told({.kind = NoticeKind::recycle_started,
                  .at = kToldWorker,
                  .pid = 300,
                  .wish = supervision::RecycleReason::lifetime}),
            (Lines{{LogLevel::info,
                    "worker 1 (pid 300) has served for as long as it may (--max-worker-lifetime); "
                    "a successor starts"}}));
  EXPECT_EQ(told({.kind = NoticeKind::recycle_started,
                  .at = kToldWorker,
                  .pid = 300,
                  .wish = supervision::RecycleReason::memory}),
            (Lines{{LogLevel::info,
                    "worker 1 (pid 300) has more memory than it may (--max-worker-memory); a "
                    "successor starts"}}));
  Failure lost = failure(FailureKind::boot_timed_out);
  lost.pid = 301;
  EXPECT_EQ(told({.kind = NoticeKind::recycle_aborted,
                  .at = kToldWorker,
                  .pid = 300,
                  .duration = 200ms,
                  .failure = lost}),
            (Lines{{LogLevel::warning,
                    "worker 1 (pid 301) was not ready within its boot deadline "
                    "(--timeout-worker-boot); worker 1 (pid 300) goes on, next try in 0.2 s"}}));
}

TEST(Narrator, TellsThatAWorkerIsStuck) {
  EXPECT_EQ(told({.kind = NoticeKind::quarantine_started, .at = kToldWorker, .pid = 300}),
            (Lines{{LogLevel::warning,
                    "worker 1 (pid 300) has a handler that takes longer than --timeout-request: it "
                    "takes nothing more, finishes the others and leaves; a successor starts at "
                    "once"}}));
}

TEST(Narrator, TellsHowMuchMemoryIsTooMuch) {
  EXPECT_EQ(Narrator(4).is_oversized(kToldWorker, 300, 612U << 20, 512U << 20),
            (Line{LogLevel::warning,
                  "worker 1 (pid 300) has 612 MiB of memory, more than the 512 MiB of "
                  "--max-worker-memory"}));
}

TEST(Narrator, TellsHowManyWorkersAnotherQuotaMeans) {
  const config::AutoWorkers before{2, "8 CPUs by affinity, CPU quota 2"};
  EXPECT_EQ(means_other_workers(before, {3, "8 CPUs by affinity, CPU quota 2.5"}, 10),
            "--workers auto: 8 CPUs by affinity, CPU quota 2.5 (before: 8 CPUs by affinity, CPU "
            "quota 2): 3 workers instead of 2");
  EXPECT_EQ(means_other_workers(before, {8, "8 CPUs by affinity, no CPU quota"}, 4),
            "--workers auto: 8 CPUs by affinity, no CPU quota (before: 8 CPUs by affinity, CPU "
            "quota 2): 8 workers instead of 2; there is room for 4, for more restart the server");
}

TEST(Narrator, TellsWhyTheNumberOfWorkersStaysAsItIs) {
  EXPECT_EQ(told({.kind = NoticeKind::cannot_add_worker, .count = 10}),
            (Lines{{LogLevel::warning, "no room for another worker: all 10 slots are in use"}}));
  EXPECT_EQ(told({.kind = NoticeKind::cannot_remove_worker, .count = 1}),
            (Lines{{LogLevel::warning, "the last worker stays"}}));
}

TEST(Narrator, TellsThatItHasOversleptAndJudgesNobody) {
  EXPECT_EQ(told({.kind = NoticeKind::overslept, .duration = 90s}),
            (Lines{{LogLevel::warning,
                    "the master itself was stopped or starved for 90 s; nobody "
                    "is judged for it"}}));
}

}  // namespace
}  // namespace prefork::master
