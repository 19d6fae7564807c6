#include "config/checks/cross_checks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/config/config_support.h"

namespace prefork::config {
namespace {

// A number that is certainly not open.
int closed_descriptor() {
  const int fd = dup(0);
  close(fd);
  return fd;
}

// Root may write everywhere; for the time of a test we are somebody who may not.
class AnotherUser {
 public:
  AnotherUser() { is_switched_ = geteuid() == 0 && seteuid(65'534) == 0; }
  ~AnotherUser() {
    if (is_switched_ && seteuid(0) != 0) std::abort();
  }
  AnotherUser(const AnotherUser&) = delete;
  AnotherUser& operator=(const AnotherUser&) = delete;

 private:
  bool is_switched_ = false;
};

TEST(CrossChecks, RefuseJitterWithoutAMaximum) {
  EXPECT_EQ(errors_of({"--limit-max-requests-jitter", "5"}),
            (Lines{"--limit-max-requests-jitter: has no effect while --limit-max-requests is 0 "
                   "(default); set both or none"}));
  EXPECT_EQ(errors_of({"--limit-max-requests", "0"}, {{"PREFORK_LIMIT_MAX_REQUESTS_JITTER", "5"}}),
            (Lines{"PREFORK_LIMIT_MAX_REQUESTS_JITTER: has no effect while --limit-max-requests is "
                   "0 (command line); set both or none"}));
  const Options options =
      options_of({"--limit-max-requests", "100", "--limit-max-requests-jitter", "5"});
  EXPECT_EQ(options.processes.max_requests_jitter, 5u);
}

TEST(CrossChecks, RefuseToMeasureMemoryForNothing) {
  EXPECT_EQ(errors_of({"--memory-interval", "1s"}),
            (Lines{"--memory-interval: has no effect while --max-worker-memory is 0 "
                   "(default); set both or none"}));
  options_of({"--memory-interval", "1s", "--max-worker-memory", "1g"});
  EXPECT_EQ(errors_of({"--memory-interval", "1s", "--max-worker-memory", "x"}).size(), 1u);
}

TEST(CrossChecks, RefuseToLimitMemoryWithoutAnObserver) {
  EXPECT_EQ(errors_of({"--max-worker-memory", "1g", "--admin", "off", "--control", "off"}),
            (Lines{"--max-worker-memory: nobody would look while both --admin and --control are "
                   "off; turn one of them on"}));
  options_of({"--max-worker-memory", "1g", "--control", "off"});
}

TEST(CrossChecks, RefuseToSendSpansWithoutAnObserver) {
  EXPECT_EQ(errors_of({"--trace", "otlp", "--admin", "off", "--control", "off"}),
            (Lines{"--trace: nobody would send the spans while both --admin and --control are off; "
                   "turn one of them on"}));
  options_of({"--trace", "otlp", "--control", "off"});
  options_of({"--trace", "propagate", "--admin", "off", "--control", "off"});
}

TEST(CrossChecks, RefuseHeadersSmallerThanTheRequestLine) {
  EXPECT_EQ(errors_of({"--limit-request-line", "64k"}),
            (Lines{"--limit-request-line: 64k is more than the 32k of --limit-header-bytes "
                   "(default); lower this or raise that"}));
  EXPECT_EQ(errors_of({"--limit-header-bytes", "4k"}),
            (Lines{"--limit-header-bytes: 4k is less than the 8k of --limit-request-line "
                   "(default); raise this or lower that"}));
  EXPECT_EQ(errors_of({"--limit-header-bytes", "1k"}, {{"PREFORK_LIMIT_REQUEST_LINE", "1025"}}),
            (Lines{"PREFORK_LIMIT_REQUEST_LINE: 1025 is more than the 1k of --limit-header-bytes "
                   "(command line); lower this or raise that"}));
  options_of({"--limit-header-bytes", "8k"});
}

TEST(CrossChecks, StaySilentAboutOptionsThatAreBadByThemselves) {
  EXPECT_EQ(errors_of({"--limit-max-requests", "x", "--limit-max-requests-jitter", "5"}).size(),
            1u);
  EXPECT_EQ(errors_of({"--limit-request-line", "64k", "--limit-header-bytes", "1q"}).size(), 1u);
}

TEST(CrossChecks, NameTheFolderThatIsMissing) {
  const TemporaryFolder folder;
  const std::string missing = folder / "missing";
  const std::string message = ": folder '" + missing +
                              "' does not exist; create it or use another "
                              "path";
  EXPECT_EQ(errors_of({"--log-file", missing + "/a.log", "--access-log", missing + "/b.log",
                       "--uds", missing + "/a.sock", "--admin", "unix:" + missing + "/b.sock"}),
            (Lines{"--log-file" + message, "--access-log" + message, "--uds" + message,
                   "--admin" + message}));
  EXPECT_EQ(errors_of({}, {{"PREFORK_BIND", "unix:" + missing + "/a.sock"}}),
            (Lines{"PREFORK_BIND" + message}));
  EXPECT_EQ(errors_of({"--keep-requests", missing}), (Lines{"--keep-requests" + message}));
  EXPECT_EQ(options_of({"--keep-requests", folder.path()}).logging.keep_requests, folder.path());
}

TEST(CrossChecks, RefuseAPathThroughAFile) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "");
  EXPECT_EQ(errors_of({"--log-file", file + "/a.log"}),
            (Lines{"--log-file: '" + file + "' is not a folder"}));
  EXPECT_EQ(errors_of({"--keep-requests", file}),
            (Lines{"--keep-requests: '" + file + "' is not a folder"}));
  EXPECT_EQ(errors_of({"--log-file", file + "/a/b.log"}),
            (Lines{"--log-file: folder '" + file + "/a' cannot be used: Not a directory"}));
}

TEST(CrossChecks, NameTheFolderOrFileThatIsNotWritable) {
  const TemporaryFolder folder;
  const std::string file = folder.write("closed/a.log", "");
  const std::string closed = folder / "closed";
  ASSERT_EQ(chmod(file.c_str(), 0444), 0);
  ASSERT_EQ(chmod(closed.c_str(), 0555), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  {
    const AnotherUser user;
    const std::string mend = " is not writable for user " + std::to_string(geteuid()) +
                             "; change its permissions or use another path";
    EXPECT_EQ(errors_of({"--log-file", file, "--access-log", closed + "/b.log", "--uds",
                         closed + "/a.sock", "--keep-requests", closed}),
              (Lines{"--log-file: file '" + file + "'" + mend,
                     "--access-log: folder '" + closed + "'" + mend,
                     "--uds: folder '" + closed + "'" + mend,
                     "--keep-requests: folder '" + closed + "'" + mend}));
  }
  ASSERT_EQ(chmod(closed.c_str(), 0755), 0);
}

TEST(CrossChecks, TakeAFileThatIsThereOrCanBeMade) {
  const TemporaryFolder folder;
  const std::string there = folder.write("there.log", "");
  EXPECT_EQ(options_of({"--log-file", there}).logging.file, there);
  EXPECT_EQ(options_of({"--access-log", folder / "new.log"}).logging.access_log,
            folder / "new.log");
  EXPECT_EQ(options_of({"--log-file", "/dev/null"}).logging.file, "/dev/null");
  EXPECT_EQ(options_of({"--log-file", "here.log"}).logging.file,
            (std::filesystem::current_path() / "here.log").string());
}

TEST(CrossChecks, RefuseAFolderAsALog) {
  EXPECT_EQ(errors_of({"--log-file", "/tmp"}),
            (Lines{"--log-file: '/tmp' is a folder; name a file"}));
}

TEST(CrossChecks, DoNotReplaceAnythingButASocket) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "precious");
  EXPECT_EQ(errors_of({"--uds", file}),
            (Lines{"--uds: '" + file +
                   "' exists and is not a socket; remove it or use another "
                   "path"}));

  const std::string path = folder / "a.sock";
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  options_of({"--uds", path});
}

TEST(CrossChecks, RefuseDescriptorsThatAreNotOpen) {
  const std::string fd = std::to_string(closed_descriptor());
  EXPECT_EQ(errors_of({"--fd", fd}),
            (Lines{"--fd: descriptor " + fd +
                   " is not open; whoever starts the program must pass a listening socket there"}));
  EXPECT_EQ(errors_of({"--bind", "fd://" + fd}),
            (Lines{"--bind: descriptor " + fd +
                   " is not open; whoever starts the program must pass a listening socket there"}));
  EXPECT_EQ(errors_of({"--notify-fd", fd}),
            (Lines{"--notify-fd: descriptor " + fd +
                   " is not open for writing; whoever starts the program must pass it"}));
}

TEST(CrossChecks, RefuseANotifyDescriptorThatCannotBeWrittenTo) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(errors_of({"--notify-fd", std::to_string(ends[0])}).size(), 1u);
  EXPECT_EQ(options_of({"--notify-fd", std::to_string(ends[1])}).general.notify_fd, ends[1]);
  EXPECT_EQ(errors_of({"--notify-fd", std::to_string(ends[1]), "--fd", std::to_string(ends[1])}),
            (Lines{"--notify-fd: descriptor " + std::to_string(ends[1]) +
                   " is also the socket to serve on (--fd); use another one"}));
  close(ends[0]);
  close(ends[1]);
}

TEST(CrossChecks, LeaveDescriptorsAloneOnAReload) {
  const std::string fd = std::to_string(closed_descriptor());
  const Loaded loaded =
      load_options(Arguments{"--fd", fd, "--notify-fd", fd}, {}, LoadPhase::reload);
  EXPECT_EQ(loaded.action, Action::run);
  EXPECT_EQ(lines_of(loaded.errors), Lines{});
}

}  // namespace
}  // namespace prefork::config
