#include "config/values/account.h"

#include <limits>
#include <optional>

#include "config/base/config_error.h"
#include "config/base/number.h"

namespace prefork::config {
namespace {

// Takes a number and the sign behind it, where there is one, off the front of `rest`.
std::optional<std::uint32_t> take_number(std::string_view& rest, char end) {
  const std::size_t length = rest.find(end);
  const auto number = parse_number(rest.substr(0, length));
  rest.remove_prefix(length == rest.npos ? rest.size() : length + 1);
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::string account_text(const Account& account) {
  std::string text = std::to_string(account.uid) + ":" + std::to_string(account.gid) + ":";
  for (const std::uint32_t group : account.groups) {
    text += (text.ends_with(':') ? "" : ",") + std::to_string(group);
  }
  return text;
}

Result<Account> parse_account(std::string_view text) {
  std::string_view rest = text;
  const auto uid = take_number(rest, ':');
  const auto gid = take_number(rest, ':');
  if (!uid || !gid) return Problem{in_quotes(text) + " is not an account"};
  Account account{*uid, *gid, {}};
  while (!rest.empty()) {
    const auto group = take_number(rest, ',');
    if (!group) return Problem{in_quotes(text) + " is not an account"};
    account.groups.push_back(*group);
  }
  return account;
}

}  // namespace prefork::config
