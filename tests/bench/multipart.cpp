// How fast a form is taken apart: GiB of content a second of CPU, for content of several kinds.
//
//   bench_multipart
//
// The body is one file of 64 MiB, fed in pieces of 64 KiB, as in a handler that streams it. Last
// come bodies made to be slow: one that is all line ends, and one that is all but a boundary, again
// and again.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <prefork/multipart.hpp>
#include <random>
#include <string>
#include <string_view>

namespace {

using prefork::detail::MultipartParser;

constexpr std::size_t kSize = std::size_t{64} << 20;
constexpr std::size_t kPiece = 64 * 1024;
constexpr int kRounds = 7;
const std::string kBoundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

// Bytes of content.
std::uint64_t parse(std::string_view body) {
  MultipartParser parser(kBoundary, 8192);
  std::uint64_t size = 0;
  for (;;) {
    switch (parser.next()) {
      case MultipartParser::Event::more:
        if (body.empty()) {
          parser.finish();
          return size;
        }
        parser.feed(body.substr(0, kPiece));
        body.remove_prefix(std::min(kPiece, body.size()));
        break;
      case MultipartParser::Event::data:
        size += parser.data().size();
        break;
      default:
        break;
    }
  }
}

void measure(const char* kind, const std::string& content) {
  const std::string body = "--" + kBoundary +
                           "\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n"
                           "Content-Type: application/octet-stream\r\n\r\n" +
                           content + "\r\n--" + kBoundary + "--\r\n";
  // The best of several rounds: others may share the caches meanwhile.
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const std::clock_t start = std::clock();
    const std::uint64_t size = parse(body);
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    if (size != content.size()) {
      std::fprintf(stderr, "the content is not what it was\n");
      std::exit(1);
    }
  }
  std::printf("%-34s %8.2f GiB/s\n", kind, static_cast<double>(content.size()) / best / (1 << 30));
}

std::string repeated(std::string_view text) {
  std::string all;
  all.reserve(kSize + text.size());
  while (all.size() < kSize) {
    all.append(text);
  }
  return all;
}

}  // namespace

int main() {
  std::mt19937_64 random(1);
  std::string noise(kSize, '\0');
  for (char& byte : noise) {
    byte = static_cast<char>(random());
  }
  measure("bytes of chance", noise);
  measure("zeros", std::string(kSize, '\0'));
  measure("text, lines of 72, CRLF", repeated(std::string(70, 'x') + "\r\n"));
  measure("line ends alone, CRLF", repeated("\r\n"));
  measure("every second byte a CR", repeated("\rx"));
  measure("all but a boundary", repeated("\r\n--" + kBoundary.substr(0, kBoundary.size() - 1)));
}
