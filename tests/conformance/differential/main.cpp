// Sends the same mutated requests to prefork-server and to nginx and compares how many answers come
// and what happens to the connection:
//
//   differential_tests                        as CTest runs it
//   differential_tests --count 200000 --seed 7
//   differential_tests --seed 7 --only 4711   one case again, in full
//
// Every difference has to be explained by a rule (rules.cpp), and every rule is told in
// differences.txt. Exits with 1 on a difference without a rule, 2 when it could not run.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/conformance/differential/generator.h"
#include "tests/conformance/differential/nginx_process.h"
#include "tests/conformance/differential/rules.h"
#include "tests/support/server_process.h"

namespace prefork::test {
namespace {

struct Settings {
  std::uint64_t seed = 1;
  std::uint64_t count = 4000;
  std::optional<std::uint64_t> only;
};

// Cases without a rule that look alike are told once, by the shortest of them.
struct Group {
  std::uint64_t count = 0;
  std::uint64_t index = 0;
  Comparison example;
};

struct Tally {
  std::mutex mutex;
  std::uint64_t equal = 0;
  std::map<std::string_view, std::uint64_t> explained;
  std::map<std::string, Group> unexplained;
};

std::string statuses(const Outcome& outcome) {
  std::string text;
  for (const Answer& answer : outcome.answers) {
    text += std::to_string(answer.status) + " ";
  }
  return text + (outcome.garbage.empty() ? "" : "(no status line) ") +
         (outcome.hung ? "open" : "closed");
}

void describe(std::uint64_t seed, std::uint64_t index, const Comparison& comparison) {
  std::cout << "  seed " << seed << ", index " << index << "\n    sent    "
            << escaped(comparison.bytes) << "\n    prefork " << statuses(comparison.ours);
  if (const std::string detail = refusal_detail(comparison.ours); !detail.empty()) {
    std::cout << " (" << detail << ")";
  }
  std::cout << "\n    nginx   " << statuses(comparison.theirs) << "\n";
}

void describe_bodies(const char* who, const Outcome& outcome) {
  for (const Answer& answer : outcome.answers) {
    std::cout << "    " << who << " " << answer.status << " " << escaped(answer.body) << "\n";
  }
}

const Rule* rule_for(const Comparison& comparison, const Parting& parting) {
  if (!comparison.mutated) {
    return nullptr;  // there is nothing wrong in it that an opinion could be about
  }
  const auto found = std::find_if(rules().begin(), rules().end(), [&](const Rule& rule) {
    return rule.explains(comparison, parting);
  });
  return found == rules().end() ? nullptr : &*found;
}

Comparison compare(const ServerProcess& server, const NginxProcess& nginx, const Settings& settings,
                   std::uint64_t index) {
  Comparison comparison;
  const MutatedRequests requests = generate(settings.seed, index);
  comparison.bytes = requests.on_the_wire();
  comparison.mutated = requests.mutated;
  comparison.ours = play(server.url(), comparison.bytes);
  comparison.theirs = play(nginx.url(), comparison.bytes);
  if (!comparison.ours.connected || !comparison.theirs.connected) {
    throw std::runtime_error("a server does not accept connections any more");
  }
  return comparison;
}

std::string kind_of(const Comparison& comparison, const Parting& parting) {
  std::string kind = {parting.ours, ' '};
  if (parting.ours == 'r') {
    kind += "(" + refusal_detail(comparison.ours) + ") ";
  }
  kind += std::string("where nginx has ") + parting.theirs;
  return parting.ours == parting.theirs ? kind + " with another body" : kind;
}

void add(Tally& tally, std::uint64_t index, Comparison comparison) {
  const std::optional<Parting> parting = parting_of(comparison);
  const Rule* rule = parting ? rule_for(comparison, *parting) : nullptr;
  const std::lock_guard lock(tally.mutex);
  if (!parting) {
    ++tally.equal;
  } else if (rule != nullptr) {
    ++tally.explained[rule->name];
  } else {
    Group& group = tally.unexplained[kind_of(comparison, *parting)];
    if (group.count++ == 0 || comparison.bytes.size() < group.example.bytes.size()) {
      group.index = index;
      group.example = std::move(comparison);
    }
  }
}

// Several connections at a time, so that the servers' waiting does not add up.
void compare_all(const ServerProcess& server, const NginxProcess& nginx, const Settings& settings,
                 Tally& tally) {
  constexpr std::size_t kConnections = 8;
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      try {
        for (std::uint64_t index = next++; index < settings.count; index = next++) {
          add(tally, index, compare(server, nginx, settings, index));
        }
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
        next = settings.count;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

// A line that begins without a space is "NAME: why".
std::set<std::string> names_in_differences() {
  std::set<std::string> names;
  std::istringstream lines(read_file(PREFORK_DIFFERENCES));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#' && line[0] != ' ') {
      names.insert(line.substr(0, line.find(':')));
    }
  }
  return names;
}

bool rules_are_told() {
  std::set<std::string> told = names_in_differences();
  bool complete = true;
  for (const Rule& rule : rules()) {
    if (told.erase(std::string(rule.name)) == 0) {
      std::cout << "rule " << rule.name << " is not told in differences.txt\n";
      complete = false;
    }
  }
  for (const std::string& name : told) {
    std::cout << "differences.txt tells of a rule that does not exist: " << name << "\n";
    complete = false;
  }
  return complete;
}

void report(const Settings& settings, const Tally& tally) {
  std::cout << settings.count << " cases of seed " << settings.seed << ": " << tally.equal
            << " alike\n";
  for (const auto& [name, count] : tally.explained) {
    std::cout << "  " << name << ": " << count << "\n";
  }
  for (const auto& [key, group] : tally.unexplained) {
    std::cout << "UNEXPLAINED, " << group.count << " like this: " << key << "\n";
    describe(settings.seed, group.index, group.example);
  }
}

int run(const Settings& settings) {
  if (!rules_are_told()) {
    return 1;
  }
  const ServerProcess server(std::vector<std::string>{"--workers", "2"});
  const NginxProcess nginx;
  if (settings.only) {
    const Comparison comparison = compare(server, nginx, settings, *settings.only);
    describe(settings.seed, *settings.only, comparison);
    describe_bodies("prefork", comparison.ours);
    describe_bodies("nginx  ", comparison.theirs);
    const std::optional<Parting> parting = parting_of(comparison);
    const Rule* rule = parting ? rule_for(comparison, *parting) : nullptr;
    std::cout << (!parting ? "alike" : rule != nullptr ? rule->name : "UNEXPLAINED") << "\n";
    return !parting || rule != nullptr ? 0 : 1;
  }
  const auto workers = server.worker_pids();
  Tally tally;
  compare_all(server, nginx, settings, tally);
  report(settings, tally);
  if (server.worker_pids() != workers) {
    std::cout << "a worker died:\n" << server.log();
    return 1;
  }
  return tally.unexplained.empty() ? 0 : 1;
}

std::uint64_t number(const char* text) {
  std::uint64_t value = 0;
  const char* const end = text + std::strlen(text);
  if (const auto result = std::from_chars(text, end, value);
      result.ec != std::errc{} || result.ptr != end) {
    throw std::invalid_argument(std::string("not a number: ") + text);
  }
  return value;
}

Settings settings_of(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::uint64_t value = number(argv[i + 1]);
    if (option == "--seed") {
      settings.seed = value;
    } else if (option == "--count") {
      settings.count = value;
    } else if (option == "--only") {
      settings.only = value;
    } else {
      throw std::invalid_argument("unknown option: " + std::string(option));
    }
  }
  if (argc % 2 == 0) {
    throw std::invalid_argument("usage: [--seed N] [--count N] [--only INDEX]");
  }
  return settings;
}

}  // namespace
}  // namespace prefork::test

int main(int argc, char** argv) {
  try {
    return prefork::test::run(prefork::test::settings_of(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
