// Sinks as they are in the wild: full, shared with others, gone, limited in size.
#include "ipc/log/line_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace prefork::ipc {
namespace {

class LineSinkTest : public testing::Test {
 protected:
  LineSinkTest()
      : old_pipe_(std::signal(SIGPIPE, SIG_IGN)), old_size_(std::signal(SIGXFSZ, SIG_IGN)) {
    std::string name = testing::TempDir() + "line-sink-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/log";
  }
  ~LineSinkTest() override {
    std::filesystem::remove_all(folder_);
    std::signal(SIGPIPE, old_pipe_);
    std::signal(SIGXFSZ, old_size_);
  }

  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  static std::pair<OwnedFd, OwnedFd> make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {OwnedFd(ends[0]), OwnedFd(ends[1])};
  }

  // So many lines as it takes. No line of the sink's may ever be taken in part.
  static std::size_t fill(LineSink& sink, const std::string& line) {
    std::size_t count = 0;
    for (;; ++count) {
      const LineSink::Written written = sink.write(line);
      EXPECT_EQ(written.torn, 0U);
      if (written.error != 0) {
        EXPECT_EQ(written.error, EAGAIN);
        EXPECT_EQ(written.size, 0U);
        return count;
      }
    }
  }

  static std::string read_all(int fd) {
    std::string text(1 << 20, '\0');
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    std::size_t size = 0;
    for (ssize_t got = 0; (got = ::read(fd, &text[size], text.size() - size)) > 0;) {
      size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    return text;
  }

  // No file of this process may become larger.
  class FileSizeLimit {
   public:
    explicit FileSizeLimit(rlim_t bytes) {
      ::getrlimit(RLIMIT_FSIZE, &before_);
      const rlimit limit{bytes, before_.rlim_max};
      EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

   private:
    rlimit before_{};
  };

  void (*old_pipe_)(int);
  void (*old_size_)(int);
  std::string folder_;
  std::string path_;
  LineSink sink_;
};

TEST_F(LineSinkTest, APipeWithoutAReaderIsNotOpenedAndThatIsSaid) {
  const std::string path = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  LineSink sink;
  EXPECT_EQ(LineSink::error_text(sink.open_file(path)),
            "No such device or address (a pipe that nobody reads: start its reader first)");
  EXPECT_FALSE(sink.is_open());
}

TEST_F(LineSinkTest, AFullPipeIsNoWaitAndTakesWholeLinesOnly) {
  const auto [reader, writer] = make_pipe();
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  const std::string line = std::string(700, 'x') + "\n";
  const std::size_t taken = fill(sink_, line);
  EXPECT_GT(taken, 0U);
  const std::string text = read_all(reader.get());
  EXPECT_EQ(text.size(), taken * line.size());
  EXPECT_EQ(sink_.write(line).error, 0) << "there is room again";
}

TEST_F(LineSinkTest, SeveralWritersOfOneFullPipeDoNotWaitForEachOther) {
  const auto [reader, writer] = make_pipe();
  LineSink other;
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  ASSERT_EQ(other.open_standard(writer.get()), 0);
  const std::string line = std::string(LineSink::kMaxLineBytes - 1, 'x') + "\n";
  fill(sink_, line);
  EXPECT_EQ(fill(other, line), 0U);
}

TEST_F(LineSinkTest, ManyLinesAtOnceComeAsWholeOnes) {
  const auto [reader, writer] = make_pipe();
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += std::string(100, static_cast<char>('a' + i % 26)) + "\n";
  }
  const LineSink::Written written = sink_.write(lines);
  EXPECT_EQ(written.error, EAGAIN);
  EXPECT_EQ(written.torn, 0U);
  EXPECT_EQ(read_all(reader.get()), lines.substr(0, written.size));
  EXPECT_EQ(lines[written.size - 1], '\n');
}

TEST_F(LineSinkTest, WhoSharesTheDescriptorIsLeftAsHeWas) {
  const auto [reader, writer] = make_pipe();
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LineSinkTest, AFullSocketIsNoWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const OwnedFd reader(ends[0]);
  OwnedFd writer(ends[1]);
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);
  const std::string line = std::string(700, 'x') + "\n";
  EXPECT_GT(fill(sink_, line), 0U);
}

TEST_F(LineSinkTest, AReaderThatIsGoneIsAnError) {
  auto [reader, writer] = make_pipe();
  ASSERT_EQ(sink_.open_standard(writer.get()), 0);
  reader.reset();
  EXPECT_EQ(sink_.write("line\n").error, EPIPE);
}

TEST_F(LineSinkTest, AClosedDescriptorCannotBeOpened) {
  EXPECT_EQ(sink_.open_standard(999), EBADF);
  EXPECT_FALSE(sink_.is_open());
  EXPECT_EQ(sink_.open_file(folder_), EISDIR);
  EXPECT_FALSE(sink_.is_open());
}

TEST_F(LineSinkTest, TheLineBehindOneThatWasCutOffStandsAlone) {
  ASSERT_EQ(sink_.open_file(path_), 0);
  {
    const FileSizeLimit limit(12);
    const LineSink::Written written = sink_.write("first\nsecond\nthird\n");
    EXPECT_EQ(written.error, EFBIG);
    EXPECT_EQ(written.torn, 1U);
    EXPECT_EQ(written.size, std::string("first\nsecond\n").size());
    EXPECT_EQ(content(), "first\nsecond");
    EXPECT_EQ(sink_.write("third\n").error, EFBIG);
  }
  EXPECT_EQ(sink_.write("third\n").error, 0);
  EXPECT_EQ(sink_.write("fourth\n").error, 0);
  EXPECT_EQ(content(), "first\nsecond\nthird\nfourth\n");
}

// As memory that another process writes over meanwhile.
TEST_F(LineSinkTest, OfALineThatHasLostItsEndTheRestIsLost) {
  ASSERT_EQ(sink_.open_file(path_), 0);
  const std::string lines = "first\nsecond without an end";
  const FileSizeLimit limit(12);
  const LineSink::Written written = sink_.write(lines);
  EXPECT_EQ(written.size, lines.size());
  EXPECT_EQ(written.torn, 1U);
  EXPECT_EQ(content(), "first\nsecond");
}

TEST_F(LineSinkTest, AlsoWhenAnotherWriterHasCutItOff) {
  std::atomic<bool> torn{false};
  LineSink other;
  sink_.share_torn_mark(torn);
  other.share_torn_mark(torn);
  ASSERT_EQ(sink_.open_file(path_), 0);
  ASSERT_EQ(other.open_file(path_), 0);
  {
    const FileSizeLimit limit(3);
    EXPECT_EQ(sink_.write("first\n").torn, 1U);
  }
  EXPECT_EQ(other.write("second\n").error, 0);
  EXPECT_EQ(sink_.write("third\n").error, 0);
  EXPECT_EQ(content(), "fir\nsecond\nthird\n");
}

TEST_F(LineSinkTest, AFileThatCannotBeOpenedAnewStaysInUse) {
  ASSERT_EQ(sink_.open_file(path_), 0);
  EXPECT_EQ(sink_.open_file(folder_), EISDIR);
  EXPECT_EQ(sink_.write("line\n").error, 0);
  EXPECT_EQ(content(), "line\n");
}

}  // namespace
}  // namespace prefork::ipc
