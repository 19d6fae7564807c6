#include "ipc/route_names.h"

#include <algorithm>
#include <cstring>
#include <thread>

namespace prefork::ipc {

namespace {

// Another worker writes a name within nanoseconds, unless it was killed.
constexpr int kMaxLooks = 1000;

}  // namespace

std::string RouteNames::Entry::text() const {
  std::array<char, kMaxRouteNameBytes> bytes{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t word = words[i].load(std::memory_order_relaxed);
    std::memcpy(bytes.data() + i * sizeof word, &word, sizeof word);
  }
  const std::size_t written = size.load(std::memory_order_relaxed);
  return {bytes.data(), std::min(written, kMaxRouteNameBytes)};
}

void RouteNames::Entry::set_text(std::string_view text) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view part =
        text.substr(std::min(i * sizeof(std::uint64_t), text.size()), sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, part.data(), part.size());
    words[i].store(word, std::memory_order_relaxed);
  }
  size.store(static_cast<std::uint32_t>(text.size()), std::memory_order_relaxed);
  state.store(State::ready, std::memory_order_release);
}

bool RouteNames::Entry::becomes_ready() const {
  for (int look = 0; look < kMaxLooks; ++look) {
    if (state.load(std::memory_order_acquire) == State::ready) {
      return true;
    }
    std::this_thread::yield();
  }
  return false;
}

RouteLabel RouteNames::label_of(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kMaxRouteNameBytes) {
    return kOtherRoute;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    const auto label = static_cast<RouteLabel>(kFirstNamedRoute + i);
    State expected = State::free;
    if (entry.state.compare_exchange_strong(expected, State::writing, std::memory_order_acq_rel)) {
      entry.set_text(pattern);
      return label;
    }
    if (entry.becomes_ready() && entry.text() == pattern) {
      return label;
    }
  }
  return kOtherRoute;
}

std::vector<RouteLabel> RouteNames::labels_of(const std::vector<std::string>& patterns) {
  std::vector<RouteLabel> labels = {kUnmatchedRoute};
  for (const std::string& pattern : patterns) {
    labels.push_back(label_of(pattern));
  }
  return labels;
}

std::size_t RouteNames::labels() const {
  std::size_t used = 0;
  while (used < entries_.size() &&
         entries_[used].state.load(std::memory_order_acquire) != State::free) {
    ++used;
  }
  return kFirstNamedRoute + used;
}

std::string RouteNames::name_of(RouteLabel label) const {
  switch (label) {
    case kUnmatchedRoute:
      return "unmatched";
    case kFilesRoute:
      return "files";
    case kOtherRoute:
      return "_other";
    default:
      break;
  }
  const std::size_t at = label - kFirstNamedRoute;
  if (at >= entries_.size() || entries_[at].state.load(std::memory_order_acquire) != State::ready) {
    return {};
  }
  return entries_[at].text();
}

}  // namespace prefork::ipc
