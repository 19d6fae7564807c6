#include "workers/master/resume_order.h"

#include <cstdint>
#include <utility>

#include "config/base/number.h"

namespace prefork::master {

namespace {

constexpr std::string_view kCheck = "--resume-check";
constexpr std::string_view kResume = "--resume";
constexpr std::string_view kNone = "none";
constexpr std::uint64_t kMostDescriptors = 1U << 30U;

std::optional<int> descriptor_of(const std::string& text) {
  const auto number = config::parse_number(text);
  if (!number || std::cmp_less(*number, 0) || std::cmp_greater(*number, kMostDescriptors)) {
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

}  // namespace

std::vector<std::string> to_arguments(const ResumeOrder& order,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {std::string(order.is_check ? kCheck : kResume),
                                  std::to_string(order.state)};
  if (!order.is_check) {
    all.push_back(order.program >= 0 ? std::to_string(order.program) : std::string(kNone));
    all.push_back(order.failure);
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

std::optional<ResumeOrder> take_resume_order(std::vector<std::string>& arguments) {
  ResumeOrder order;
  order.is_check = !arguments.empty() && arguments[0] == kCheck;
  const bool is_order = order.is_check || (!arguments.empty() && arguments[0] == kResume);
  const std::size_t words = order.is_check ? 2 : 4;
  if (!is_order || arguments.size() < words) {
    return std::nullopt;
  }
  const auto state = descriptor_of(arguments[1]);
  if (!state) {
    return std::nullopt;
  }
  order.state = *state;
  if (!order.is_check) {
    const auto program = descriptor_of(arguments[2]);
    if (!program && arguments[2] != kNone) {
      return std::nullopt;
    }
    order.program = program.value_or(-1);
    order.failure = arguments[3];
  }
  arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(words));
  return order;
}

}  // namespace prefork::master
