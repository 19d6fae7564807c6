#include "workers/master/boot_failures.h"

#include <algorithm>

namespace prefork::master {

namespace {

std::string others(std::uint32_t count) {
  if (count < 2) {
    return "";
  }
  return " (and " + std::to_string(count - 1) + " more " + (count == 2 ? "worker" : "workers") +
         ")";
}

}  // namespace

void BootFailures::add(const std::string& worker, const std::string& reason, TimePoint now) {
  auto kind = std::ranges::find(kinds_, reason, &Kind::reason);
  if (kind == kinds_.end()) {
    kind = kinds_.insert(kind, {.reason = reason, .first = worker, .since = now});
  }
  ++kind->count;
}

Line BootFailures::tell(Kind& kind) {
  kind.is_told = true;
  return {config::LogLevel::error, kind.first + " " + kind.reason + others(kind.count)};
}

Lines BootFailures::take_old(TimePoint now) {
  Lines lines;
  for (Kind& kind : kinds_) {
    if (!kind.is_told && now - kind.since >= kMoment) {
      lines.push_back(tell(kind));
    }
  }
  return lines;
}

Lines BootFailures::take_all() {
  Lines lines = take_others("");
  kinds_.clear();
  return lines;
}

Lines BootFailures::take_others(std::string_view reason) {
  Lines lines;
  for (Kind& kind : kinds_) {
    if (!kind.is_told && kind.reason != reason) {
      lines.push_back(tell(kind));
    }
  }
  return lines;
}

std::string BootFailures::and_others(std::string_view reason) const {
  const auto kind = std::ranges::find(kinds_, reason, &Kind::reason);
  return kind == kinds_.end() ? "" : others(kind->count);
}

}  // namespace prefork::master
