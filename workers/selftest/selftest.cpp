#include "workers/selftest/selftest.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <limits>
#include <random>
#include <string_view>

#include "ipc/base/interruption.h"
#include "workers/selftest/ordeal.h"
#include "workers/selftest/schedule.h"
#include "workers/selftest/tested_server.h"

namespace prefork::selftest {

namespace {

constexpr std::uint64_t kMostSeconds = 7 * 24 * 60 * 60;
constexpr std::uint64_t kMostRounds = 1'000'000;
// With fewer there is not always one that serves on: two may leave, and one of the others die.
constexpr std::uint64_t kFewestWorkers = 4;
constexpr std::uint64_t kMostWorkers = 64;

config::Result<std::uint64_t> number_of(const std::string& text, const std::string& name,
                                        std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return config::Problem{"selftest: " + name + " needs a number from " + std::to_string(least) +
                           " to " + std::to_string(most) + ", not '" + text + "'"};
  }
  return value;
}

config::Result<std::vector<Deed>> deeds_of(std::string_view names) {
  std::vector<Deed> deeds;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    const auto deed = deed_of(names.substr(at, end - at));
    if (!deed) {
      std::string known;
      for (const DeedText& one : kDeedTexts) {
        known += (known.empty() ? "" : ", ") + std::string(one.name);
      }
      return config::Problem{"selftest: --only has no '" + std::string(names.substr(at, end - at)) +
                             "'; there are " + known};
    }
    deeds.push_back(*deed);
    at = end + 1;
  }
  return deeds;
}

config::Result<void> read_argument(const std::string& name, const std::string& value,
                                   SelftestOrder& order) {
  if (name == "--only") {
    return config::store(deeds_of(value), order.deeds);
  }
  if (name == "--seed") {
    return config::store(number_of(value, name, 0, std::numeric_limits<std::uint64_t>::max()),
                         order.seed);
  }
  if (name == "--rounds") {
    return config::store(number_of(value, name, 1, kMostRounds), order.rounds);
  }
  if (name == "--workers") {
    return config::store(number_of(value, name, kFewestWorkers, kMostWorkers), order.workers);
  }
  if (name == "--seconds") {
    const auto seconds = number_of(value, name, 1, kMostSeconds);
    if (!seconds.ok()) {
      return seconds.problem();
    }
    order.time = std::chrono::seconds(seconds.value());
    return {};
  }
  return config::Problem{"selftest: unknown argument '" + name + "'. " + usage()};
}

void print_deed(std::chrono::duration<double> since_start, Deed deed, const Outcome& outcome) {
  std::printf("%7.1f s  %-36s %s%s\n", since_start.count(), std::string(to_text(deed)).c_str(),
              outcome.is_right ? "" : "WRONG: ", outcome.text.c_str());
  std::fflush(stdout);
}

config::ExitCode tell_verdict(const Ordeal& ordeal, const std::vector<std::string>& wrong,
                              const std::string& log) {
  const Tally& tally = ordeal.tally();
  std::printf(
      "\n%llu requests answered during %llu deeds; %llu lost with the %llu workers that "
      "died, the slowest of which was replaced in %lld ms.\n",
      static_cast<unsigned long long>(ordeal.answered()),
      static_cast<unsigned long long>(tally.deeds), static_cast<unsigned long long>(tally.lost),
      static_cast<unsigned long long>(tally.kills),
      static_cast<long long>(tally.slowest_replacement.count()));
  if (wrong.empty()) {
    std::printf(
        "passed: no other request was lost, no connection closed, no total went back, and "
        "nothing was left behind.\n");
    return config::ExitCode::stopped;
  }
  std::printf("FAILED:\n");
  for (const std::string& line : wrong) {
    std::printf("  %s\n", line.c_str());
  }
  std::printf("The end of the server's log:\n%s", log.c_str());
  return config::ExitCode::system_error;
}

config::ExitCode run(const SelftestOrder& order) {
  ipc::note_interruptions();
  TestedServer server(static_cast<int>(order.workers), order.options);
  if (const auto ready = server.wait_until_ready(); !ready.ok()) {
    std::fprintf(stderr, "prefork-server: selftest: %s\n%s", ready.problem().text.c_str(),
                 server.log_end().c_str());
    return config::ExitCode::system_error;
  }
  std::printf("%d workers, %d clients, seed %llu\n\n", server.workers(),
              Crowd::kKeepers + Crowd::kNewcomers, static_cast<unsigned long long>(order.seed));
  Schedule schedule(order.seed, order.deeds);
  Ordeal ordeal(server, schedule);
  std::vector<std::string> wrong;
  const auto start = Clock::now();
  std::uint64_t rounds = 0;
  const auto is_over = [&] {
    return schedule.is_round_over() &&
           (order.rounds != 0 ? rounds++ == order.rounds : Clock::now() >= start + order.time);
  };
  while (wrong.empty() && !ipc::is_interrupted() && !is_over()) {
    const Deed deed = schedule.next();
    const Outcome outcome = ordeal.run(deed);
    print_deed(Clock::now() - start, deed, outcome);
    if (!outcome.is_right) {
      wrong.push_back(std::string(to_text(deed)) + ": " + outcome.text);
    }
    std::this_thread::sleep_for(schedule.pause());
  }
  if (ipc::is_interrupted()) {
    std::printf("interrupted; its server is ended\n");
    return config::ExitCode::system_error;
  }
  const std::vector<std::string> at_end = ordeal.finish();
  wrong.insert(wrong.end(), at_end.begin(), at_end.end());
  return tell_verdict(ordeal, wrong, server.log_end());
}

}  // namespace

std::string usage() {
  return "Usage: prefork-server selftest [--seconds N] [--rounds N] [--workers N] [--seed N] "
         "[--only DEED,...] [-- OPTION...]";
}

config::Result<SelftestOrder> read_selftest_order(const std::vector<std::string>& arguments) {
  SelftestOrder order;
  order.seed = std::random_device{}();
  for (const DeedText& one : kDeedTexts) {
    order.deeds.push_back(one.deed);
  }
  const auto split = std::find(arguments.begin(), arguments.end(), "--");
  if (split != arguments.end()) {
    order.options.assign(split + 1, arguments.end());
  }
  for (auto name = arguments.begin(); name != split; ++name) {
    const auto value = name + 1;
    if (const auto read = read_argument(*name, value != split ? *value : "", order); !read.ok()) {
      return read.problem();
    }
    name = value;  // without one it was refused
  }
  return order;
}

config::ExitCode run_selftest(const SelftestOrder& order) {
  try {
    return run(order);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "prefork-server: selftest: %s\n", error.what());
    return config::ExitCode::system_error;
  }
}

}  // namespace prefork::selftest
