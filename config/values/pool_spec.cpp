#include "config/values/pool_spec.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/base/config_error.h"
#include "config/base/number.h"
#include "config/values/duration.h"

namespace prefork::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kForm =
    "; use NAME=THREADS, and behind it what is needed of ,queue=N ,wait=TIME ,reserve=N ,batch";
constexpr std::uint32_t kMaxThreads = 256;
constexpr std::uint32_t kMaxQueue = 1'000'000;

struct OrderName {
  PoolOrder order;
  std::string_view name;
};

constexpr std::array kOrders = {
    OrderName{PoolOrder::fcfs, "fcfs"},
    OrderName{PoolOrder::shortest, "shortest"},
    OrderName{PoolOrder::round_robin, "round-robin"},
    OrderName{PoolOrder::feedback, "feedback"},
};

bool is_pool_name(std::string_view text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= kMaxPoolNameBytes && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

Result<std::uint32_t> count_in(std::string_view what, std::string_view text, std::uint32_t least,
                               std::uint32_t most) {
  const auto number = parse_number(text);
  if (!number || *number < std::int64_t{least} || *number > std::int64_t{most}) {
    return Problem{in_quotes(text) + " is no number of " + std::string(what) + "; use " +
                   std::to_string(least) + " to " + std::to_string(most)};
  }
  return static_cast<std::uint32_t>(*number);
}

Result<std::chrono::milliseconds> wait_in(std::string_view text) {
  if (text == "off" || text == "0") return std::chrono::milliseconds{0};
  const auto wait = parse_duration(text);
  if (!wait || *wait < 10ms || *wait > 24h) {
    return Problem{in_quotes(text) + " is no time to wait; use 10ms to 24h, or off"};
  }
  return *wait;
}

Result<void> set_part(PoolSpec& spec, std::string_view part) {
  const std::size_t equals = std::min(part.find('='), part.size());
  const std::string_view name = part.substr(0, equals);
  const std::string_view value = part.substr(std::min(equals + 1, part.size()));
  if (part == "batch") {
    spec.batch = true;
    return {};
  }
  if (name == "queue") return store(count_in("jobs", value, 1, kMaxQueue), spec.queue);
  if (name == "wait") return store(wait_in(value), spec.wait);
  if (name == "reserve") return store(count_in("threads", value, 0, kMaxThreads), spec.reserve);
  return Problem{in_quotes(part) + " is nothing that a pool has" + std::string(kForm)};
}

}  // namespace

std::string PoolSpec::text() const {
  std::string text = name + "=" + std::to_string(threads) + ",queue=" + std::to_string(queue) +
                     ",wait=" + (wait.count() == 0 ? "off" : format_duration(wait));
  if (reserve != 0) text += ",reserve=" + std::to_string(reserve);
  return batch ? text + ",batch" : text;
}

Result<PoolSpec> parse_pool_spec(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) {
    return Problem{in_quotes(text) + " has no equals sign" + std::string(kForm)};
  }
  PoolSpec spec;
  spec.name = text.substr(0, equals);
  if (!is_pool_name(spec.name)) {
    return Problem{in_quotes(spec.name) +
                   " is no name of a pool; use at most 15 of a-z, 0-9, _ and -, a letter first"};
  }
  std::string_view rest = text.substr(equals + 1);
  std::size_t comma = std::min(rest.find(','), rest.size());
  if (auto threads =
          store(count_in("threads", rest.substr(0, comma), 1, kMaxThreads), spec.threads);
      !threads.ok()) {
    return threads.problem();
  }
  while (comma < rest.size()) {
    rest.remove_prefix(comma + 1);
    comma = std::min(rest.find(','), rest.size());
    if (auto part = set_part(spec, rest.substr(0, comma)); !part.ok()) return part.problem();
  }
  if (spec.reserve >= spec.threads) {
    return Problem{in_quotes(text) + " reserves all of its " + std::to_string(spec.threads) +
                   " threads; jobs that are not of high priority would never run"};
  }
  return spec;
}

Result<PoolOrder> parse_pool_order(std::string_view text) {
  for (const OrderName& entry : kOrders) {
    if (entry.name == text) return entry.order;
  }
  return Problem{in_quotes(text) + " is not an order; use fcfs, shortest, round-robin or feedback"};
}

std::string_view to_string(PoolOrder order) {
  for (const OrderName& entry : kOrders) {
    if (entry.order == order) return entry.name;
  }
  return "";
}

}  // namespace prefork::config
