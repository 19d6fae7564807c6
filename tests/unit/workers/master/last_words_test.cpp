// What is known of a process that has ended, as a line of JSON.
#include "workers/master/last_words.h"

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

namespace prefork::master {
namespace {

using nlohmann::json;

LastWords of_a_crash() {
  LastWords words;
  words.slot = 3;
  words.pid = 4711;
  words.generation = 2;
  words.exit.signal = SIGSEGV;
  words.exit.core = true;
  words.exit.peak_bytes = 4096;
  words.core_pattern = "/var/core/%e.%p";
  words.age_ns = 1'500'000'000;
  words.oom_kills = 1;
  words.at_work.now_ns = 10'000'000;
  ipc::RequestInFlight one;
  one.request.started_ns = 9'000'000;
  one.request.request_id = 12;
  one.request.method = "GET";
  one.request.path = "/a\"b\n\xFF";
  one.pool_thread = 4;
  words.at_work.requests.named = {one};
  words.finished = {{8'000'000, 500'000, 11, 200, "/before"}};
  words.crash = ipc::Crash{SIGSEGV, SEGV_MAPERR, 0x10, 4712, "pool-4", {0x1010, 0x9999}, true};
  words.stack = stack_frames(words.crash->stack, {{0x1000, 0x2000, 0x800, "\x9f", "/srv/lib.so"}});
  take_symbols(words.stack, {{"shop::basket()", "/src/basket.cpp:17"}});
  return words;
}

TEST(TheLineOfLastWords, TellsAllThatIsKnown) {
  const std::string text = to_json(of_a_crash(), 16'384);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const json told = json::parse(text);
  EXPECT_EQ(told["slot"], 3);
  EXPECT_EQ(told["reason"], "signal SIGSEGV");
  EXPECT_EQ(told["core_dumped"], true);
  EXPECT_EQ(told["core_pattern"], "/var/core/%e.%p");
  EXPECT_EQ(told["oom_kills"], 1);
  EXPECT_EQ(told["age_ms"], 1500);
  EXPECT_EQ(told["crash"]["address"], "0x10");
  EXPECT_EQ(told["crash"]["stack"][0]["function"], "shop::basket()");
  EXPECT_EQ(told["crash"]["stack"][0]["place"], "/src/basket.cpp:17");
  EXPECT_EQ(told["crash"]["stack"][0]["offset"], "0x810");
  EXPECT_EQ(told["crash"]["stack"][1]["address"], "0x9999");
  EXPECT_EQ(told["in_flight"][0]["thread"], "pool-4");
  EXPECT_EQ(told["in_flight"][0]["age_ms"], 1);
  EXPECT_EQ(told["finished"][0]["duration_ms"], 0.5);
  EXPECT_EQ(told["finished"][0]["ago_ms"], 2);
}

TEST(TheLineOfLastWords, NamesAnExitCode) {
  LastWords words;
  words.exit.code = 7;
  const json told = json::parse(to_json(words, 4096));
  EXPECT_EQ(told["reason"], "exit code 7");
  EXPECT_EQ(told["exit_code"], 7);
  EXPECT_TRUE(told["oom_kills"].is_null()) << "nobody knows";
  EXPECT_FALSE(told.contains("crash"));
}

TEST(TheLineOfLastWords, LeavesOutWhatDoesNotFit) {
  LastWords words = of_a_crash();
  words.stack.assign(64, words.stack.front());
  for (StackFrame& frame : words.stack) {
    frame.symbol.function = std::string(240, 'f');
  }
  words.at_work.requests.named.assign(100, words.at_work.requests.named.front());
  words.finished.assign(32, words.finished.front());
  for (const std::size_t limit : {3'936U, 16'384U}) {
    const std::string text = to_json(words, limit);
    EXPECT_LE(text.size(), limit);
    const json told = json::parse(text);
    EXPECT_EQ(told["crash"]["stack"].size() + told["crash"]["stack_more"].get<std::size_t>(), 64U);
    EXPECT_EQ(told["in_flight"].size() + told["in_flight_more"].get<std::size_t>(), 100U);
  }
}

TEST(AFrameOfAStack, IsNamedAsWellAsItIsKnown) {
  const auto frames =
      stack_frames({0x1010, 0x5010, 0x9999}, {{0x1000, 0x2000, 0x800, "", "/lib/libc.so"},
                                              {0x5000, 0x6000, 0x5000, "\xAB", "/srv/libshop.so"}});
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(to_text(frames[0]), "libc.so+0x810");
  EXPECT_EQ(to_text(frames[2]), "0x9999");
  EXPECT_EQ(requests_for(frames),
            (std::vector<symbols::SymbolRequest>{{0x810, "", "/lib/libc.so"},
                                                 {0x10, "ab", "/srv/libshop.so"}}));
  auto named = frames;
  take_symbols(named, {{"nanosleep", ""}, {"shop::wait()", "/src/wait.cpp:4"}});
  EXPECT_EQ(to_text(named[0]), "nanosleep in libc.so+0x810");
  EXPECT_EQ(to_text(named[1]), "shop::wait() at /src/wait.cpp:4");
  EXPECT_EQ(top_frame(named, "/srv/libshop.so"), "shop::wait()");
  EXPECT_EQ(top_frame(named, "/other.so"), "nanosleep");
  EXPECT_EQ(top_frame(frames, "/srv/libshop.so"), "libshop.so+0x10");
  EXPECT_EQ(top_frame({}, "/srv/libshop.so"), "");
}

}  // namespace
}  // namespace prefork::master
