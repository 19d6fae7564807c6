// What reading the head of a request costs, with llhttp alone and with each fast path that runs
// here: nanoseconds of CPU for each head.
//
//   bench_heads
//   bench_heads PARSER plain|browser COUNT     only reads one so often, for callgrind
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "server/http1/request_parser.h"
#include "tests/bench/heads.h"

namespace {

using prefork::http1::HeadScanner;
using prefork::http1::ParserLimits;
using prefork::http1::ParseStatus;
using prefork::http1::RequestParser;

constexpr int kRounds = 15;
constexpr std::size_t kHeads = 100'000;

void read_heads(RequestParser& parser, std::string_view head, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (parser.parse_head(head) != ParseStatus::complete || parser.head_size() != head.size()) {
      std::fprintf(stderr, "the head was not read\n");
      std::exit(1);
    }
    parser.reset();
  }
}

// The best of several rounds: others may share the caches meanwhile.
double ns_per_head(const HeadScanner* scanner, std::string_view head) {
  RequestParser parser(ParserLimits{}, scanner);
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const std::clock_t start = std::clock();
    read_heads(parser, head, kHeads);
    const double took_ns = 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::min(best, took_ns / static_cast<double>(kHeads));
  }
  return best;
}

void measure(std::string_view name, const HeadScanner* scanner) {
  std::printf("%-8.*s %8.1f %8.1f\n", static_cast<int>(name.size()), name.data(),
              ns_per_head(scanner, prefork::bench::kPlain),
              ns_per_head(scanner, prefork::bench::kBrowser));
}

const HeadScanner* scanner_of(std::string_view name) {
  for (const HeadScanner& scanner : prefork::http1::head_scanners()) {
    if (scanner.name == name) {
      return &scanner;
    }
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    const std::string_view text = argv[3];
    std::size_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    RequestParser parser(ParserLimits{}, scanner_of(argv[1]));
    read_heads(
        parser,
        std::string_view(argv[2]) == "browser" ? prefork::bench::kBrowser : prefork::bench::kPlain,
        count);
    return 0;
  }
  std::printf("parser   plain ns browser ns\n");
  measure("llhttp", nullptr);
  for (const HeadScanner& scanner : prefork::http1::head_scanners()) {
    measure(scanner.name, &scanner);
  }
}
