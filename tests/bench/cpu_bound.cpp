// Work that only computes, done by one thread, by several, and by as many processes: how long it
// takes, and what adding into one number does to it. The least of several rounds.
//
//   cmake --build build/release --target bench_cpu_bound &&
//   build/release/tests/bench/bench_cpu_bound
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <new>
#include <thread>
#include <vector>

#include "ipc/base/monotonic.h"

namespace {

using prefork::ipc::monotonic_ns;

constexpr std::uint32_t kNumbers = 4'000'000;  // all parts together
constexpr int kRounds = 7;

std::uint64_t mixed(std::uint64_t value) {
  for (int i = 0; i < 8; ++i) {
    value = (value ^ value >> 31) * 0x9E3779B97F4A7C15;
  }
  return value;
}

// One part of so many; what it finds it adds at the end, or each time.
void work(std::uint32_t parts, std::atomic<std::uint64_t>& found, bool each_time) {
  std::uint64_t own = 0;
  for (std::uint32_t i = 0; i < kNumbers / parts; ++i) {
    const std::uint64_t one = mixed(i) & 1;
    if (each_time) {
      found.fetch_add(one);
    } else {
      own += one;
    }
  }
  found.fetch_add(own);
}

void run_threads(std::uint32_t number, const std::function<void()>& body) {
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < number; ++i) {
    threads.emplace_back(body);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

void run_processes(std::uint32_t number, const std::function<void()>& body) {
  for (std::uint32_t i = 0; i < number; ++i) {
    if (::fork() == 0) {
      body();
      ::_exit(0);
    }
  }
  while (::wait(nullptr) > 0) {
  }
}

void measure(const char* name, const std::function<void()>& run) {
  std::uint64_t least = prefork::ipc::kNever;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t start = monotonic_ns();
    run();
    least = std::min(least, monotonic_ns() - start);
  }
  std::printf("%-52s %8.2f ms\n", name, static_cast<double>(least) / 1e6);
}

}  // namespace

int main() {
  void* const memory = ::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return 1;
  }
  auto& found = *new (memory) std::atomic<std::uint64_t>(0);
  for (const bool each_time : {false, true}) {
    std::printf(each_time ? "adding each into one number\n"
                          : "adding up, one addition at the end\n");
    measure("  one thread", [&] { work(1, found, each_time); });
    for (const std::uint32_t number : {2U, 4U}) {
      const auto part = [&] { work(number, found, each_time); };
      measure(number == 2 ? "  2 threads" : "  4 threads", [&] { run_threads(number, part); });
      measure(number == 2 ? "  2 processes" : "  4 processes",
              [&] { run_processes(number, part); });
    }
  }
  std::printf("doing nothing\n");
  measure("  4 threads, made and joined", [&] { run_threads(4, [] {}); });
  measure("  4 processes, forked and waited for", [&] { run_processes(4, [] {}); });
  return 0;
}
