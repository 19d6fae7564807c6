// What a master leaves to the next program of its process: the same comes out again, and nothing is
// made of what no master can have left.
#include "workers/master/handover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "config/options/packed_options.h"
#include "ipc/log/line_ring.h"
#include "ipc/log/log_rings.h"
#include "ipc/shared/table.h"
#include "ipc/spans/span_rings.h"
#include "tests/unit/workers/master/plans_support.h"
#include "workers/master/commons.h"
#include "workers/master/plans.h"

namespace prefork::master {
namespace {

using namespace std::chrono_literals;

config::Options some_options() {
  config::Options options;
  options.processes.workers = 1;
  options.tasks.workers = 1;
  options.tracing.mode = config::TraceMode::otlp;
  return options;
}

std::string content_of(const ipc::OwnedFd& memory) {
  std::string content(kMaxHandoverBytes, '\0');
  const ssize_t size = ::pread(memory.get(), content.data(), content.size(), 0);
  content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return content;
}

ipc::OwnedFd with_content(const std::string& content, bool is_sealed = true) {
  ipc::OwnedFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(memory.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  if (is_sealed) {
    ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  }
  return memory;
}

// A master with a worker that serves and one that leaves, an observer and a task process.
class HandoverTest : public testing::Test {
 protected:
  HandoverTest() {
    handover_.program = "/usr/bin/prefork-server";
    handover_.arguments = {"--port", "80"};
    commons_.hand_over(handover_);
    handover_.last_generation = 3;
    handover_.sockets = {
        {socket_.get(), "127.0.0.1:80,proxy-protocol", "http://127.0.0.1:80", {}, false},
        {file_.get(), "unix:/run/x", "unix:/run/x", {"/run/x", 5, 77}, true}};
    handover_.plans = {{2, config::pack_options(options_), {0, 1}, {0}, {}, {}, file_.get(), "b1"},
                       {3, config::pack_options(options_), {1}, {}, {0}, {1}, -1, ""}};
    fill(handover_.supervisor);
    handover_.children = {{{0, 1}, 4, pipe_.get(), file_.get(), true, true, "farewell"}};
    handover_.commands = {{{9, 0}, 12, ipc::CommandKind::upgrade, 1, 3, 0}};
    handover_.fork_servers = {4711};
    handover_.control_path = "/run/control";
    handover_.control_file = {"/run/control", 1, 2};
    handover_.pid_path = "/run/pid";
    handover_.log = {"/var/log/x", config::LogLevel::error, file_.get(), -1};
    handover_.log_level = 2;
    handover_.file_limit = {1024, 4096, true};
    handover_.outlives_terminal = true;
  }

  void fill(supervision::Memory& memory) {
    memory.wanted.settings = first_settings(options_);
    memory.wanted.settings.tasks = 1;
    memory.wanted.generation = 3;
    memory.last_epoch = 9;
    memory.any_worker_was_ready = true;
    memory.now = supervision::TimePoint(5s);
    memory.slots.resize(memory.wanted.settings.capacity + 2);
    memory.slots[memory.slots.size() - 2].role = supervision::Role::observer;
    memory.slots.back().role = supervision::Role::task;
    memory.slots[0].last_failure.emplace().kind = supervision::FailureKind::silent;
    supervision::Seat& seat = memory.slots[0].seats[1];
    seat.state = ipc::ProcessState::draining;
    seat.part = supervision::Part::retiring;
    seat.pid = 300;
    seat.epoch = 4;
    seat.generation = 2;
    seat.leaves_because = ipc::DrainReason::replaced;
    seat.deadline = supervision::TimePoint(9s);
  }

  std::string problem_after(const std::function<void(Handover&)>& change) {
    Handover changed = handover_;
    change(changed);
    const auto read = read_handover(write_handover(changed).get());
    return read.ok() ? "" : read.problem().text;
  }
  static std::string problem_of(const std::string& content) {
    const auto read = read_handover(with_content(content).get());
    return read.ok() ? "" : read.problem().text;
  }

  const config::Options options_ = some_options();
  Commons commons_{options_};
  ipc::OwnedFd socket_ = some_descriptor();
  ipc::OwnedFd file_ = some_descriptor();
  ipc::OwnedFd pipe_ = some_descriptor();
  Handover handover_;
};

TEST_F(HandoverTest, ComesOutAsItWasPutIn) {
  const ipc::OwnedFd memory = write_handover(handover_);
  ASSERT_TRUE(memory.valid());
  const auto read = read_handover(memory.get());
  ASSERT_TRUE(read.ok()) << read.problem().text;
  const Handover& after = read.value();
  EXPECT_EQ(content_of(write_handover(after)), content_of(memory));
  EXPECT_EQ(after.program, handover_.program);
  EXPECT_EQ(after.arguments, handover_.arguments);
  EXPECT_EQ(after.sockets[1].file, handover_.sockets[1].file);
  EXPECT_EQ(after.supervisor.slots[0].seats[1].deadline, supervision::TimePoint(9s));
  EXPECT_EQ(after.children[0].last_words, "farewell");
  EXPECT_EQ(after.inherited(), handover_.inherited());
}

TEST_F(HandoverTest, TheSharedMemoryIsTheSameInTheNextProgram) {
  commons_.segment.retired().counters.add(ipc::Counter::requests, 17);
  const auto read = read_handover(write_handover(handover_).get());
  ASSERT_TRUE(read.ok()) << read.problem().text;
  const Commons next(read.value());
  EXPECT_EQ(next.segment.retired().counters.get(ipc::Counter::requests), 17U);
  EXPECT_EQ(next.inboxes.slots(), commons_.inboxes.slots());
  ASSERT_NE(next.tasks, nullptr);
  EXPECT_GE(next.tasks->fd(), 0);
}

TEST_F(HandoverTest, PlansShareTheirSocketsAgain) {
  auto plan = std::make_shared<ServingPlan>();
  plan->options = options_;
  plan->sockets = {socket_at(config::Bind::tcp("127.0.0.1", 80), "http://127.0.0.1:80")};
  plan->with_preamble = {plan->sockets[0]};
  auto other = std::make_shared<ServingPlan>();
  other->options = options_;
  other->options.processes.threads = 3;
  other->sockets = plan->sockets;
  Plans plans{plan};
  EXPECT_EQ(plans.add(other), 2U);
  Handover handover;
  plans.hand_over(handover);
  EXPECT_EQ(handover.sockets.size(), 1U);
  const auto restored = Plans::restore(handover);
  ASSERT_TRUE(restored.ok()) << restored.problem().text;
  EXPECT_EQ(restored.value().next_generation(), 3U);
  const ServingPlan& first = restored.value().at(1);
  const ServingPlan& second = restored.value().at(2);
  EXPECT_EQ(first.sockets, second.sockets);
  EXPECT_EQ(first.with_preamble.size(), 1U);
  EXPECT_EQ(second.options.processes.threads, 3U);
  EXPECT_EQ(first.urls(), plan->urls());
  EXPECT_NE(first.sockets[0]->fd(), plan->sockets[0]->fd());
}

TEST_F(HandoverTest, OneOfAnotherLayoutIsRefusedWithBoth) {
  const auto read = read_handover(write_handover(handover_, "segment 5").get());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.problem().text,
            "the memory of the workers is laid out differently in the new program, which takes a "
            "restart: segment 5 instead of " +
                shared_layout());
}

// What a program finds in the memory of another one, and reads.
TEST_F(HandoverTest, TheLayoutNamesTheHeadsOfRings) {
  for (const std::string& part : {"log " + std::to_string(ipc::LogRings::slot_bytes()) + " (" +
                                      std::to_string(ipc::LogRings::directory_bytes()) + "+" +
                                      std::to_string(ipc::LineRing::head_bytes()) + "), ",
                                  "spans " + std::to_string(sizeof(ipc::SpanRing)) + " (" +
                                      std::to_string(ipc::SpanRings::head_bytes()) + "), "}) {
    EXPECT_NE(shared_layout().find(part), std::string::npos) << part;
  }
}

TEST_F(HandoverTest, WhatIsNoneIsRefused) {
  const std::string content = content_of(write_handover(handover_));
  EXPECT_NE(problem_of(""), "");
  EXPECT_NE(problem_of("x" + content), "");
  EXPECT_NE(problem_of(content + "x"), "");
  EXPECT_FALSE(read_handover(with_content(content, false).get()).ok()) << "it may change yet";
  EXPECT_FALSE(read_handover(-1).ok());
}

TEST_F(HandoverTest, OneThatIsCutOffAnywhereIsRefused) {
  const std::string content = content_of(write_handover(handover_));
  for (std::size_t size = 0; size < content.size(); size += 7) {
    std::string cut = content.substr(0, size);
    if (size >= 12) {
      const auto claimed = static_cast<std::uint32_t>(size);
      cut.replace(8, sizeof claimed, reinterpret_cast<const char*>(&claimed), sizeof claimed);
    }
    EXPECT_NE(problem_of(cut), "") << size;
  }
}

TEST_F(HandoverTest, AnyByteMayBeWrong) {
  const std::string content = content_of(write_handover(handover_));
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string wrong = content;
    wrong[at] = static_cast<char>(wrong[at] ^ 0xFF);
    // Whatever it is taken for: it is read within its bounds.
    static_cast<void>(problem_of(wrong));
  }
}

TEST_F(HandoverTest, WhatDoesNotFitTogetherIsRefused) {
  EXPECT_EQ(problem_after([](Handover&) {}), "");
  const std::vector<std::function<void(Handover&)>> changes = {
      [](Handover& changed) { changed.plans[0].sockets = {2}; },
      [](Handover& changed) { changed.plans[0].sockets.clear(); },
      [](Handover& changed) { changed.plans[1].generation = 2; },
      [](Handover& changed) { changed.plans[1].generation = 4; },
      [](Handover& changed) { changed.plans.pop_back(); },
      [](Handover& changed) { changed.supervisor.wanted.generation = 1; },
      [](Handover& changed) { changed.supervisor.slots[0].seats[1].generation = 1; },
      [](Handover& changed) { changed.children[0].at.slot = 99; },
      [](Handover& changed) { changed.children[0].at.seat = 2; },
      [](Handover& changed) { changed.children[0].read_fd = 1'000'000; },
      [](Handover& changed) { changed.commands[0].kind = ipc::CommandKind::statistics; },
      [](Handover& changed) { changed.commands[0].kind = static_cast<ipc::CommandKind>(200); },
      [](Handover& changed) { changed.descriptors.inboxes.pop_back(); },
      [](Handover& changed) { changed.descriptors.tasks = -1; },
      [](Handover& changed) { changed.tasks.slots = 2; },
      [](Handover& changed) { changed.descriptors.segment = -1; },
      [](Handover& changed) { std::swap(changed.descriptors.shared, changed.sockets[0].fd); },
      [](Handover& changed) { changed.log.level = static_cast<config::LogLevel>(99); },
      [](Handover& changed) { changed.log_level = 77; },
      [](Handover& changed) { changed.supervisor.wanted.workers = 0; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_NE(problem_after(changes[i]), "") << i;
  }
}

}  // namespace
}  // namespace prefork::master
