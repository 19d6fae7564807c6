#include "ipc/route_bans.h"

#include <algorithm>
#include <cstring>

namespace prefork::ipc {

namespace {

constexpr unsigned kGenerationShift = 16;
constexpr std::uint64_t kOnTrial = 1;

std::uint64_t to_word(RouteKey key) {
  return static_cast<std::uint64_t>(key.generation) << kGenerationShift | key.route;
}

RouteKey to_key(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word >> kGenerationShift), static_cast<std::uint16_t>(word)};
}

std::uint64_t to_state(std::uint64_t until_ns, bool is_on_trial) {
  return until_ns << 1 | (is_on_trial ? kOnTrial : 0);
}

std::uint64_t until_of(std::uint64_t state) { return state >> 1; }

}  // namespace

std::optional<std::uint64_t> RouteBans::banned_for_ns(RouteKey key, std::uint64_t now_ns) {
  const std::uint64_t wanted = to_word(key);
  for (Line& line : lines_) {
    if (line.key.load() != wanted) {
      continue;
    }
    std::uint64_t state = line.state.load();
    if (state == 0) {
      return std::nullopt;
    }
    if (now_ns < until_of(state)) {
      return until_of(state) - now_ns;
    }
    if ((state & kOnTrial) != 0) {
      free(line, state);
      return std::nullopt;
    }
    if (line.state.compare_exchange_strong(state, to_state(now_ns + kTrialNs, true))) {
      return std::nullopt;
    }
    return kTrialNs;  // somebody else's request is the trial
  }
  return std::nullopt;
}

bool RouteBans::ban(RouteKey key, std::string_view request, std::uint64_t until_ns) {
  const std::uint64_t wanted = to_word(key);
  Line* line = std::find_if(lines_.begin(), lines_.end(),
                            [&](const Line& one) { return one.key.load() == wanted; });
  if (line == lines_.end()) {
    line = std::find_if(lines_.begin(), lines_.end(),
                        [](const Line& one) { return one.state.load() == 0; });
  }
  if (line == lines_.end()) {
    return false;
  }
  SeqlockBox<kTextWords>::Words words{};
  std::memcpy(words.data(), request.data(), std::min(request.size(), sizeof words));
  line->request.write(words);
  line->key.store(wanted);
  if (line->state.exchange(to_state(until_ns, false)) == 0) {
    used_.fetch_add(1);
  }
  return true;
}

void RouteBans::clear() {
  for (Line& line : lines_) {
    if (const std::uint64_t state = line.state.load(); state != 0) {
      free(line, state);
    }
  }
}

// Whoever changes the state to that of a free line takes it off the count.
void RouteBans::free(Line& line, std::uint64_t seen) {
  if (line.state.compare_exchange_strong(seen, 0)) {
    used_.fetch_sub(1);
  }
}

std::vector<RouteBans::Ban> RouteBans::list() const {
  std::vector<Ban> bans;
  for (const Line& line : lines_) {
    const std::uint64_t state = line.state.load();
    const auto words = line.request.read();
    if (state == 0 || !words) {
      continue;
    }
    std::array<char, sizeof(SeqlockBox<kTextWords>::Words)> text{};
    std::memcpy(text.data(), words->data(), text.size());
    bans.push_back({to_key(line.key.load()),
                    std::string(text.data(), ::strnlen(text.data(), text.size())), until_of(state),
                    (state & kOnTrial) != 0});
  }
  return bans;
}

}  // namespace prefork::ipc
