#include "tests/conformance/differential/draft.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace prefork::test {

namespace {

std::string content(Random& random) {
  std::string text;
  for (std::size_t left = random.below(20); left > 0; --left) {
    text += random.pick({"a", "0", "5", "\r\n", "\n", " ", "X: y", "0\r\n\r\n"});
  }
  if (random.one_in(4)) {
    // What a smuggler would hide in it.
    text += "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  return text;
}

}  // namespace

std::string Draft::text() const {
  std::string all = before + method + first_space + target + second_space + version + line_end;
  const auto add = [&all](const Line& line) {
    all += line.name + line.colon + line.value + line.end;
  };
  std::for_each(lines.begin(), lines.end(), add);
  all += head_end + body;
  for (const Chunk& chunk : chunks) {
    all += chunk.size + chunk.extension + chunk.size_end + chunk.data + chunk.data_end;
  }
  if (chunked) {
    // The last chunk's data end is what ends the trailers.
    all.resize(all.size() - chunks.back().data_end.size());
    std::for_each(trailers.begin(), trailers.end(), add);
    all += chunks.back().data_end;
  }
  return all;
}

Line* Draft::find(std::string_view name) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [name](const Line& line) { return line.name == name; });
  return found == lines.end() ? nullptr : &*found;
}

std::string hexadecimal(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zx", number);
  return text.data();
}

Draft valid_request(Random& random) {
  Draft draft;
  draft.lines.push_back({"Host", ": ", random.pick({"a", "a.example", "127.0.0.1:8000", "[::1]"})});
  if (random.one_in(3)) {
    draft.lines.push_back({random.pick({"Accept", "User-Agent", "X-Test", "Cookie"}), ": ",
                           random.pick({"*/*", "curl/8", "a=b; c=d", "", "\xff"})});
  }
  const std::size_t kind = random.below(8);
  if (kind < 2) {
    draft.method = random.pick({"GET", "GET", "HEAD", "OPTIONS", "DELETE"});
    draft.target = random.pick({"/", "/plaintext", "/echo", "/nothing", "/echo?a=b%20c"});
    return draft;
  }
  draft.method = random.pick({"POST", "POST", "POST", "POST", "PUT", "GET"});
  draft.target = draft.method == "POST" ? "/" : "/echo";
  const std::string text = content(random);
  if (kind < 5) {
    draft.body = text;
    draft.lines.push_back({"Content-Length", ": ", std::to_string(text.size())});
    return draft;
  }
  draft.chunked = true;
  draft.lines.push_back({"Transfer-Encoding", ": ", "chunked"});
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = 1 + random.below(text.size() - at);
    draft.chunks.push_back({hexadecimal(size), "", "\r\n", text.substr(at, size), "\r\n"});
    at += size;
  }
  draft.chunks.push_back({"0", "", "\r\n", "", "\r\n"});
  if (random.one_in(6)) {
    draft.trailers.push_back({"X-Sum", ": ", "1"});
  }
  return draft;
}

}  // namespace prefork::test
