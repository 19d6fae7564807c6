// The thread that writes a log, with targets as they are in the wild.
#include "ipc/log/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "ipc/log/line_mover.h"
#include "ipc/log/log_rings.h"

namespace prefork::ipc {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{20'000};

std::ptrdiff_t count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

class LogWriterTest : public testing::Test {
 protected:
  LogWriterTest() : old_pipe_(std::signal(SIGPIPE, SIG_IGN)) {
    std::string name = testing::TempDir() + "log-writer-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/log";
  }
  ~LogWriterTest() override {
    std::filesystem::remove_all(folder_);
    std::signal(SIGPIPE, old_pipe_);
  }

  // Somebody else is the ring's reader, until it is killed.
  pid_t begin_to_read_elsewhere() {
    const pid_t reader = ::fork();
    if (reader == 0) {
      rings_.reader(kSeat).take_even_from_dead();
      ::pause();
      ::_exit(0);
    }
    return reader;
  }
  static std::unique_ptr<LineSink> sink_of(const std::string& path) {
    auto sink = std::make_unique<LineSink>();
    EXPECT_EQ(sink->open_file(path), 0);
    return sink;
  }
  static LogWriter::Opener opener_of(const std::string& path) {
    return [path](LineSink& sink) { return sink.open_file(path); };
  }
  // Of a pipe whose other end is kept.
  std::unique_ptr<LineSink> make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader_.reset(ends[0]);
    auto sink = std::make_unique<LineSink>();
    sink->take_over(OwnedFd(ends[1]));
    return sink;
  }
  std::string read_pipe() const {
    std::string text(LineRing::kBytes, '\0');
    const ssize_t size = ::read(reader_.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  std::unique_ptr<LogWriter> begin(std::unique_ptr<LineSink> sink) {
    return std::make_unique<LogWriter>(rings_.open(kSeat), rings_.reader(kSeat), sink);
  }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  template <typename Condition>
  static bool wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    bool is_met = condition();
    while (!is_met && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      is_met = condition();
    }
    return is_met;
  }

  static constexpr Place kSeat{0, 1};

  const LogRings rings_{1};
  std::string folder_;
  std::string path_;
  OwnedFd reader_;

 private:
  void (*old_pipe_)(int);
};

TEST_F(LogWriterTest, WritesALineWithoutBeingAskedTo) {
  const auto writer = begin(sink_of(path_));
  for (int number = 1; number <= 30; ++number) {
    ASSERT_TRUE(writer->append("line\n"));
    ASSERT_TRUE(wait_until([&] { return count_lines(content(path_)) == number; })) << number;
  }
  EXPECT_EQ(writer->take_lost(), 0U);
}

TEST_F(LogWriterTest, WritesManyLinesOnceAndInOrder) {
  std::string expected;
  {
    const auto writer = begin(sink_of(path_));
    for (int number = 0; number < 100'000; ++number) {
      const std::string line = "line " + std::to_string(number) + "\n";
      ASSERT_TRUE(wait_until([&] { return writer->append(line); }));
      expected += line;
    }
    EXPECT_TRUE(writer->finish(kPatience));
    EXPECT_EQ(writer->take_lost(), 0U);
  }
  EXPECT_TRUE(content(path_) == expected);
  EXPECT_FALSE(rings_.reader(kSeat).is_taken());
}

TEST_F(LogWriterTest, APipeThatNobodyReadsRefusesLinesAndKeepsNobody) {
  const auto writer = begin(make_pipe());
  const std::string line = std::string(999, 'x') + "\n";
  std::ptrdiff_t taken = 0;
  while (writer->append(line)) {
    ++taken;
  }
  EXPECT_GE(taken, static_cast<std::ptrdiff_t>(LineRing::kBytes / line.size()));
  EXPECT_FALSE(writer->is_roomy());
  EXPECT_TRUE(wait_until([&] { return writer->error() == EAGAIN; }));
  std::string text;
  EXPECT_TRUE(wait_until([&] {
    text += read_pipe();
    return count_lines(text) >= taken;
  }));
  EXPECT_TRUE(wait_until([&] { return writer->error() == 0; }));
  EXPECT_TRUE(writer->is_roomy());
  EXPECT_EQ(writer->take_lost(), 0U) << "what was refused is counted by whoever was refused";
  EXPECT_EQ(count_lines(text), taken);
}

TEST_F(LogWriterTest, WhatNobodyReadsIsLostAtTheEnd) {
  const auto writer = begin(make_pipe());
  const std::string line = std::string(999, 'x') + "\n";
  constexpr std::uint64_t kLines = 500;
  for (std::uint64_t number = 0; number < kLines; ++number) {
    ASSERT_TRUE(writer->append(line));
  }
  EXPECT_TRUE(writer->finish(milliseconds(0)));
  const auto lost = writer->take_lost();
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(lost + static_cast<std::uint64_t>(count_lines(read_pipe())), kLines);
}

TEST_F(LogWriterTest, LinesForAPipeWithoutAReaderAreLost) {
  const auto writer = begin(make_pipe());
  reader_.reset();
  ASSERT_TRUE(writer->append("line\n"));
  EXPECT_TRUE(wait_until([&] { return writer->error() == EPIPE; }));
  EXPECT_EQ(writer->take_lost(), 1U);
}

TEST_F(LogWriterTest, WhatWasThereBeforeASinkIsChangedGoesToTheOldOne) {
  const auto writer = begin(sink_of(path_));
  for (int number = 0; number < 100; ++number) {
    const std::string name = std::to_string(number);
    writer->append("before " + name + "\n");
    writer->change_sink(opener_of(path_ + name));
    writer->append("after " + name + "\n");
    ASSERT_TRUE(wait_until([&] { return !content(path_ + name).empty(); }));
    EXPECT_EQ(content(path_ + name), "after " + name + "\n");
    writer->change_sink(opener_of(path_));
  }
  EXPECT_TRUE(writer->finish(kPatience));
  EXPECT_EQ(count_lines(content(path_)), 100);
}

TEST_F(LogWriterTest, ASinkThatTakesLongToOpenKeepsNobody) {
  std::promise<void> answer;
  const auto writer = begin(sink_of(path_));
  writer->change_sink([&answer](LineSink&) {
    answer.get_future().wait();
    return EIO;
  });
  EXPECT_TRUE(writer->append("line\n"));
  EXPECT_EQ(writer->take_open_error(), 0);
  answer.set_value();
  EXPECT_TRUE(wait_until([&] { return content(path_) == "line\n"; })) << "where it was";
  EXPECT_EQ(writer->take_open_error(), EIO);
}

TEST_F(LogWriterTest, BeginsWithWhatTheSeatsLastProcessHasLeft) {
  rings_.open(kSeat)->push("left\n");
  const auto writer = begin(sink_of(path_));
  writer->append("new\n");
  EXPECT_TRUE(writer->finish(kPatience));
  EXPECT_EQ(content(path_), "left\nnew\n");
}

// The observer, which is writing what was left there; then it is killed.
TEST_F(LogWriterTest, WaitsForAReaderThatLives) {
  const pid_t reader = begin_to_read_elsewhere();
  ASSERT_TRUE(wait_until([&] { return rings_.reader(kSeat).is_taken(); }));
  const auto writer = begin(sink_of(path_));
  writer->append("line\n");
  EXPECT_EQ(rings_.reader(kSeat).owner().pid(), reader);
  EXPECT_EQ(content(path_), "");
  ::kill(reader, SIGKILL);
  ::waitpid(reader, nullptr, 0);
  EXPECT_TRUE(wait_until([&] { return content(path_) == "line\n"; }));
  EXPECT_EQ(rings_.reader(kSeat).owner(), ProcessKey::own());
}

TEST_F(LogWriterTest, LeavesTheRingToALivingReaderAtTheEnd) {
  const pid_t reader = begin_to_read_elsewhere();
  ASSERT_TRUE(wait_until([&] { return rings_.reader(kSeat).is_taken(); }));
  const auto writer = begin(sink_of(path_));
  writer->append("line\n");
  EXPECT_FALSE(writer->finish(milliseconds(0)));
  EXPECT_EQ(rings_.open(kSeat)->lines(), "line\n");
  EXPECT_EQ(rings_.reader(kSeat).owner().pid(), reader);
  ::kill(reader, SIGKILL);
  ::waitpid(reader, nullptr, 0);
}

// As memory that somebody has written over.
TEST_F(LogWriterTest, WhatIsNoLineIsLost) {
  for (const bool is_pipe : {false, true}) {
    const std::unique_ptr<LineRing> ring = rings_.open(kSeat);
    ring->push(std::string(LineRing::kBytes / 2, 'x') + "\nline\nno end");
    const auto sink = is_pipe ? make_pipe() : sink_of(path_);
    const MovedLines moved = move_lines(*ring, *sink, LineRing::kEverything);
    EXPECT_EQ(moved.lost, 2U);
    EXPECT_EQ(moved.error, 0);
    EXPECT_TRUE(ring->empty());
    EXPECT_EQ(is_pipe ? read_pipe() : content(path_), "line\n");
  }
}

}  // namespace
}  // namespace prefork::ipc
