#include "ipc/app_numbers.h"

#include <algorithm>
#include <cstring>

#include "ipc/base/check.h"

namespace prefork::ipc {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_number_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNumberNameBytes && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

void AppNumber::declare(NumberKind kind, std::string_view name) {
  PREFORK_CHECK(is_number_name(name));
  std::array<std::uint64_t, kNameWords> words{};
  static_assert(sizeof words == kMaxNumberNameBytes + 1);
  auto* bytes = reinterpret_cast<char*>(words.data());
  bytes[0] = static_cast<char>(kind);
  std::memcpy(bytes + 1, name.data(), name.size());
  // The word with the kind last: without it nothing has been declared.
  for (std::size_t i = kNameWords; i-- > 0;) {
    name_[i].store(words[i], std::memory_order_release);
  }
}

void AppNumber::clear() {
  for (auto& word : name_) {
    word.store(0, std::memory_order_release);
  }
  set(0);
}

std::optional<NumberName> AppNumber::name() const {
  std::array<std::uint64_t, kNameWords> words{};
  for (std::size_t i = 0; i < kNameWords; ++i) {
    words[i] = name_[i].load(std::memory_order_acquire);
  }
  const auto* bytes = reinterpret_cast<const char*>(words.data());
  const auto kind = static_cast<NumberKind>(bytes[0]);
  const std::string_view text(bytes + 1, ::strnlen(bytes + 1, kMaxNumberNameBytes));
  if ((kind != NumberKind::counter && kind != NumberKind::gauge) || !is_number_name(text)) {
    return std::nullopt;
  }
  return NumberName{kind, std::string(text)};
}

const AppNumber* AppNumbers::find(NumberKind kind, std::string_view name) const {
  for (const AppNumber& number : numbers_) {
    const auto known = number.name();
    if (!known) {
      return nullptr;
    }
    if (known->kind == kind && known->text == name) {
      return &number;
    }
  }
  return nullptr;
}

AppNumber* AppNumbers::find_or_declare(NumberKind kind, std::string_view name) {
  for (AppNumber& number : numbers_) {
    const auto known = number.name();
    if (!known) {
      number.declare(kind, name);
      return &number;
    }
    if (known->kind == kind && known->text == name) {
      return &number;
    }
  }
  return nullptr;
}

void AppNumbers::merge_counters_from(const AppNumbers& other) {
  other.for_each([this](const NumberName& name, std::int64_t value) {
    if (name.kind != NumberKind::counter) {
      return;
    }
    if (AppNumber* const sum = find_or_declare(name.kind, name.text)) {
      sum->add(value);
    }
  });
  histograms_.merge_from(other.histograms_);
}

void AppNumbers::clear() {
  for (AppNumber& number : numbers_) {
    number.clear();
  }
  histograms_.clear();
}

}  // namespace prefork::ipc
