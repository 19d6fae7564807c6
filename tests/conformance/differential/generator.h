// Requests that go wrong in every way that is likely to make two servers disagree: each case is a
// pipeline of one to three valid requests with token- and byte-level mutations. A case depends on
// its seed and index only, so that it can be made again alone. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace prefork::test {

struct MutatedRequests {
  std::string bytes;
  // Whether another request follows them, see kSentinel; else they are followed by the end of
  // input.
  bool with_sentinel = false;
  // Whether anything in them may be wrong.
  bool mutated = false;

  [[nodiscard]] std::string on_the_wire() const;
};

// Its answer cannot be mistaken for another's: that it comes shows that the connection was usable
// and that the servers agree on where the requests before it end.
inline constexpr char kSentinel[] =
    "GET /json HTTP/1.1\r\nHost: sentinel\r\nConnection: close\r\n\r\n";
inline constexpr char kSentinelAnswer[] = R"({"message":"Hello, World!"})";

MutatedRequests generate(std::uint64_t seed, std::uint64_t index);

// The bytes as they would stand in a C++ string literal.
std::string escaped(const std::string& bytes);

}  // namespace prefork::test
