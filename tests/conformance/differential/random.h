// Numbers that are the same on every machine for the same seed (the standard's distributions are
// not). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace prefork::test {

using namespace std::string_view_literals;

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t index) : state_(seed) {
    state_ = next() ^ (index * 0x9E3779B97F4A7C15U);
  }

  // SplitMix64.
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  // From 0 up to, but not with, `end`, which is not 0.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(next() % end); }
  bool one_in(std::size_t count) { return below(count) == 0; }

  // Without terminating zeros: use ""sv for texts that hold a NUL.
  std::string pick(std::initializer_list<std::string_view> choices) {
    return std::string(choices.begin()[below(choices.size())]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace prefork::test
