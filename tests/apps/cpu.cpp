// A handler that computes for long is nothing special: on the pool it takes one of the worker's
// threads, while the event loop goes on to answer everybody else.
//
//   curl 'localhost:8000/primes?below=5000000' & curl localhost:8000/ping
#include <charconv>
#include <cstdint>
#include <optional>
#include <prefork/app.hpp>
#include <string>

namespace {

constexpr std::uint32_t kMost = 20'000'000;  // what somebody may ask of one thread

bool is_prime(std::uint32_t number) {
  if (number % 2 == 0) {
    return number == 2;
  }
  for (std::uint32_t divisor = 3; divisor <= number / divisor; divisor += 2) {
    if (number % divisor == 0) {
      return false;
    }
  }
  return number > 1;
}

prefork::Response count_primes(const prefork::Request& request) {
  const std::string text = request.query("below").value_or("");
  std::uint32_t below = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), below);
  if (problem != std::errc{} || end != text.data() + text.size() || below > kMost) {
    return prefork::text("use /primes?below=N with N up to " + std::to_string(kMost) + "\n", 400);
  }
  std::uint32_t count = 0;
  for (std::uint32_t number = 2; number < below; ++number) {
    count += is_prime(number) ? 1U : 0U;
  }
  return prefork::text(std::to_string(count) + "\n");
}

}  // namespace

PREFORK_APP(app) {
  app.get("/primes", count_primes);
  app.get("/ping", prefork::on_loop,
          [](const prefork::Request&) { return prefork::text("pong\n"); });
}
