#include "workers/selftest/schedule.h"

#include <algorithm>
#include <utility>

namespace prefork::selftest {

namespace {

constexpr std::uint32_t kLongestPauseMs = 400;

}  // namespace

std::string_view to_text(Deed deed) {
  const auto* const found = std::find_if(kDeedTexts.begin(), kDeedTexts.end(),
                                         [deed](const DeedText& one) { return one.deed == deed; });
  return found == kDeedTexts.end() ? std::string_view() : found->text;
}

std::optional<Deed> deed_of(std::string_view name) {
  const auto* const found = std::find_if(kDeedTexts.begin(), kDeedTexts.end(),
                                         [name](const DeedText& one) { return one.name == name; });
  return found == kDeedTexts.end() ? std::nullopt : std::optional(found->deed);
}

Schedule::Schedule(std::uint64_t seed, std::vector<Deed> deeds)
    : random_(seed), round_(std::move(deeds)), at_(round_.size()) {}

// Not by std::shuffle: what that does with a seed differs from library to library.
Deed Schedule::next() {
  if (is_round_over()) {
    at_ = 0;
    for (std::size_t left = round_.size(); left > 1; --left) {
      std::swap(round_[left - 1], round_[choose(static_cast<std::uint32_t>(left))]);
    }
  }
  return round_[at_++];
}

std::uint32_t Schedule::choose(std::uint32_t bound) {
  return static_cast<std::uint32_t>(random_() % bound);
}

std::chrono::milliseconds Schedule::pause() {
  return std::chrono::milliseconds(choose(kLongestPauseMs));
}

}  // namespace prefork::selftest
