#include "tests/conformance/differential/generator.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "tests/conformance/differential/draft.h"
#include "tests/conformance/differential/mutations.h"
#include "tests/conformance/differential/random.h"

namespace prefork::test {

std::string MutatedRequests::on_the_wire() const {
  return with_sentinel ? bytes + kSentinel : bytes;
}

MutatedRequests generate(std::uint64_t seed, std::uint64_t index) {
  Random random(seed, index);
  std::vector<Draft> drafts;
  for (std::size_t left = 1 + (random.one_in(3) ? random.below(3) : 0); left > 0; --left) {
    drafts.push_back(valid_request(random));
  }
  constexpr std::array<std::size_t, 10> kMutations{0, 1, 1, 1, 1, 1, 1, 2, 2, 3};
  const std::size_t mutations = kMutations.at(random.below(kMutations.size()));
  for (std::size_t i = 0; i < mutations; ++i) {
    mutate(drafts[random.below(drafts.size())], random);
  }
  MutatedRequests requests;
  requests.mutated = mutations != 0;
  for (const Draft& draft : drafts) {
    requests.bytes += draft.text();
  }
  if (random.one_in(5)) {
    mutate_bytes(requests.bytes, random);
    requests.mutated = true;
  }
  requests.with_sentinel = !random.one_in(4);
  return requests;
}

std::string escaped(const std::string& bytes) {
  constexpr std::size_t kLongRun = 100;
  std::string text = "\"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const std::size_t run = std::min(bytes.find_first_not_of(c, i), bytes.size()) - i;
    if (run > kLongRun) {
      text += std::string("\" + std::string(") + std::to_string(run) + ", '" + c + "') + \"";
      i += run - 1;
      continue;
    }
    std::array<char, 8> code{};
    switch (c) {
      case '\r':
        text += "\\r";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\t':
        text += "\\t";
        break;
      case '"':
      case '\\':
        text += std::string("\\") + c;
        break;
      default:
        if (c >= ' ' && c <= '~') {
          text += c;
        } else {
          // Octal: a digit that follows does not become part of it.
          std::snprintf(code.data(), code.size(), "\\%03o", static_cast<unsigned char>(c));
          text += code.data();
        }
    }
  }
  return text + "\"";
}

}  // namespace prefork::test
