// Lines whose reader is killed while it writes them: the next one neither forgets nor repeats any.
#include "ipc/log/line_mover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "ipc/log/log_rings.h"
#include "tests/inprocess/ipc/shared/killed_child.h"

namespace prefork::ipc {
namespace {

class DeadReaders : public testing::Test {
 protected:
  DeadReaders() {
    std::string name = testing::TempDir() + "line-mover-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/log";
    std::ofstream(path_) << "before\n";
    EXPECT_EQ(sink_.open_file(path_), 0);
  }
  ~DeadReaders() override { std::filesystem::remove_all(folder_); }

  void push(const std::string& lines) const { EXPECT_TRUE(ring_->push(lines)); }
  // As the reader does before it writes so much of what is there.
  void begin_to_write(const std::string& block) const {
    ring_->note_begun({block.size(), sink_.file().value()});
  }
  void append(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }
  // What the next reader makes of it.
  std::string go_on() {
    skip_written_lines(*ring_, sink_);
    EXPECT_EQ(move_lines(*ring_, sink_, LineRing::kEverything).error, 0);
    EXPECT_TRUE(ring_->empty());
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const LogRings rings_{1};
  const std::unique_ptr<LineRing> ring_ = rings_.open({0, 0});
  LineSink sink_;
  std::string folder_;
  std::string path_;
};

TEST_F(DeadReaders, ABlockThatWasNotWrittenIsWritten) {
  push("one\ntwo\n");
  EXPECT_EQ(go_on(), "before\none\ntwo\n");
  push("three\nfour\n");
  begin_to_write("three\n");
  EXPECT_EQ(go_on(), "before\none\ntwo\nthree\nfour\n");
}

TEST_F(DeadReaders, ABlockThatWasWrittenIsNotWrittenAgain) {
  push("one\ntwo\nthree\n");
  begin_to_write("one\ntwo\n");
  append("of another\none\ntwo\nof another\n");
  EXPECT_EQ(go_on(), "before\nof another\none\ntwo\nof another\nthree\n");
}

TEST_F(DeadReaders, OfAPartTheRestIsWritten) {
  push("one\ntwo\nthree\n");
  begin_to_write("one\ntwo\nthree\n");
  append("one\ntw");
  EXPECT_EQ(go_on(), "before\none\ntw\ntwo\nthree\n") << "what is cut off stays alone";
}

TEST_F(DeadReaders, WhatWasThereBeforeIsNotTakenForIt) {
  append("one\n");
  push("one\n");
  begin_to_write("one\n");
  EXPECT_EQ(go_on(), "before\none\none\n");
}

TEST_F(DeadReaders, AnotherFileTellsNothing) {
  push("one\n");
  begin_to_write("one\n");
  append("one\n");
  std::filesystem::rename(path_, path_ + ".1");
  append("");
  ASSERT_EQ(sink_.open_file(path_), 0);
  append("one\n");
  EXPECT_EQ(go_on(), "one\none\n");
}

TEST_F(DeadReaders, NothingThatTheyHaveLeftIsBelieved) {
  push("one\n");
  ring_->note_begun({LineRing::kBytes * 2, sink_.file().value()});
  EXPECT_EQ(go_on(), "before\none\n");
  push("two\n");
  LineSink::File file = sink_.file().value();
  file.size = ~std::uint64_t{0};
  ring_->note_begun({4, file});
  EXPECT_EQ(go_on(), "before\none\ntwo\n");
}

TEST_F(DeadReaders, LeaveEachLineOnceWhereverTheyWereKilled) {
  std::string expected = "before\n";
  testing_ipc::kill_at_every_instruction([&] { push("one\ntwo\n"); },
                                         [&] { move_lines(*ring_, sink_, LineRing::kEverything); },
                                         [&] {
                                           expected += "one\ntwo\n";
                                           EXPECT_EQ(go_on(), expected);
                                         });
}

}  // namespace
}  // namespace prefork::ipc
