// A running server: the real binary, on a free port or whatever the arguments say, in a process
// group of its own. The constructor returns when the server has said on its --notify-fd that it is
// ready; a test never looks into a log for that, and never sleeps. The destructor stops it. One
// thread, except statistics().
#pragma once

#include <gtest/gtest.h>

#include <sys/types.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/http_client.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/waiting.h"

namespace prefork::test {

using Json = nlohmann::json;

class ServerProcess {
 public:
  // `--port 0`, `--admin 127.0.0.1:0` and, as root, `--user root` are added unless the arguments or
  // a configuration file say something else. Throws std::runtime_error with the server's own words
  // when it does not get ready.
  explicit ServerProcess(const std::vector<std::string>& arguments);
  explicit ServerProcess(Launch launch);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // What it wrote to the notification descriptor, up to its end.
  [[nodiscard]] const std::string& notification() const { return notification_; }
  // The addresses from there.
  [[nodiscard]] const std::string& url() const { return urls_.front(); }
  [[nodiscard]] const std::vector<std::string>& urls() const { return urls_; }
  [[nodiscard]] const std::string& admin_url() const { return admin_url_; }

  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  void send_signal(int signal) const;
  // As a terminal does.
  void send_signal_to_group(int signal) const;
  std::optional<Exit> wait_for_exit(Milliseconds within = kPatience) { return child_.wait(within); }
  // SIGTERM, and how it ended.
  std::optional<Exit> stop();

  // GET /stats. Throws std::runtime_error when there is no answer; the other one then has nothing.
  [[nodiscard]] Json statistics() const;
  [[nodiscard]] std::optional<Json> statistics_if_any() const;
  // Of the workers that are ready, by slot.
  [[nodiscard]] std::map<int, pid_t> worker_pids() const;
  [[nodiscard]] pid_t worker_pid(int slot) const;
  // Waits until /stats says so.
  bool wait_for_statistics(const std::function<bool(const Json&)>& condition,
                           Milliseconds within = kPatience) const;
  bool wait_for_workers(std::size_t count, Milliseconds within = kPatience) const;
  // The slot has a ready worker that is not `before`.
  bool wait_for_replacement(int slot, pid_t before, Milliseconds within = kPatience) const;

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  // Everything it wrote to standard error so far: by default that is its log.
  [[nodiscard]] std::string log() const;
  // Waits a while for a line with all these texts in it.
  [[nodiscard]] testing::AssertionResult has_logged(const std::vector<std::string>& texts,
                                                    Milliseconds within = kPatience) const;
  [[nodiscard]] std::size_t times_logged(std::string_view text) const;

 private:
  static Launch completed(Launch launch, const TemporaryFolder& folder, int notify_fd);
  void read_notification();

  TemporaryFolder folder_;
  ipc::OwnedFd notify_write_;
  ipc::OwnedFd notify_read_;  // made together with the other end, so after it
  ChildProcess child_;
  std::string notification_;
  std::vector<std::string> urls_;
  std::string admin_url_;
};

// No process of the group runs any more; waits for it as long as told.
testing::AssertionResult no_process_left(pid_t group, Milliseconds within = kASecond);

// None that has ended is left unreaped: one is, in between.
testing::AssertionResult no_zombie_stays(pid_t group, Milliseconds within = kASecond);

// A program that is expected to end by itself, as after a wrong command line. Nothing is added to
// the arguments.
struct FinishedRun {
  std::optional<Exit> exit;  // nothing: it had to be ended
  std::string out;
  std::string err;
  pid_t group = 0;
  Milliseconds took{0};
};
FinishedRun run_to_the_end(Launch launch, Milliseconds within = kPatience);

// Open connections of each worker that is ready, by slot.
std::map<int, int> active_connections(const Json& statistics);

}  // namespace prefork::test
