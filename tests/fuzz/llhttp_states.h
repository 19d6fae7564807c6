// libFuzzer keeps an input when it reaches code that no other did, but it cannot look into a
// library that was compiled without it. So the bytes are shown to a parser of llhttp's own as well,
// one by one, and the states it passes through are counted as if they were code. Does nothing
// outside fuzzing builds.
#pragma once

#include <string_view>

#ifdef PREFORK_FUZZING

#include <llhttp.h>

#include <cstddef>
#include <cstdint>

namespace prefork::fuzzing {

inline constexpr std::size_t kStateCount = 1024;  // more than llhttp has

// libFuzzer finds the section by its name, and clears it before each input.
[[gnu::section("__libfuzzer_extra_counters"),
  gnu::used]] inline std::uint8_t state_counters[kStateCount];

inline void count_llhttp_states(std::string_view bytes) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  for (const char& byte : bytes) {
    if (llhttp_execute(&parser, &byte, 1) != HPE_OK) {
      return;
    }
    ++state_counters[reinterpret_cast<std::uintptr_t>(parser._current) % kStateCount];
  }
}

}  // namespace prefork::fuzzing

#else

namespace prefork::fuzzing {

inline void count_llhttp_states(std::string_view) {}

}  // namespace prefork::fuzzing

#endif
