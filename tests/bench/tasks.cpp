// The round trip of a task that does nothing: a worker's thread submits it and waits, a process
// that slept takes it, and the result comes back. At low load, one at a time; microseconds.
//
//   cmake --build build/release --target bench_tasks && build/release/tests/bench/bench_tasks
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/monotonic.h"
#include "ipc/tasks/job_table.h"
#include "server/native/task_client.h"

namespace {

using namespace prefork;

constexpr std::uint64_t kSleepNs = 250'000'000;

// As the thread of a task process does.
[[noreturn]] void run_jobs(ipc::TaskBoard& board) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ipc::JobTable jobs(board);
  ipc::WaitPoint& idle = board.record({0, 0}).idle;
  for (;;) {
    auto job = jobs.take(1, 1);
    if (!job) {
      const std::uint32_t announced = idle.announce();
      job = jobs.take(1, 1);
      if (!job) {
        idle.sleep(announced, kSleepNs);
      }
    }
    if (job) {
      jobs.finish(*job, ipc::JobEnd::done, jobs.begin(*job).argument);
    }
  }
}

void measure(native::TaskClient& client, std::size_t bytes) {
  constexpr int kTimes = 3'000;
  const std::string argument(bytes, 'x');
  std::vector<std::uint64_t> took;
  for (int i = 0; i < kTimes; ++i) {
    const timespec pause{0, 300'000};  // so that everybody sleeps
    ::nanosleep(&pause, nullptr);
    const std::uint64_t start = ipc::monotonic_ns();
    native::TaskClient::Order order;
    order.task = "nothing";
    order.argument = argument;
    const auto task = client.submit(std::move(order));
    client.wait(*task, ipc::kNever);
    took.push_back(ipc::monotonic_ns() - start);
  }
  std::sort(took.begin(), took.end());
  std::printf("%7zu bytes  median %6.1f us  p99 %6.1f us\n", bytes,
              static_cast<double>(took[took.size() / 2]) / 1e3,
              static_cast<double>(took[took.size() * 99 / 100]) / 1e3);
}

}  // namespace

int main() {
  ipc::TaskBoard board({1, 256, std::size_t{1} << 20});
  const pid_t runner = ::fork();
  if (runner == 0) {
    run_jobs(board);
  }
  {
    native::TaskClient client({board, 0, 1, 60'000'000'000},
                              [](config::LogLevel, std::string_view) {});
    for (const std::size_t bytes : std::array<std::size_t, 3>{16, 4096, 100'000}) {
      measure(client, bytes);
    }
  }
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  return 0;
}
