// Whom a process acts for, as the kernel counts it. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/result.h"

namespace prefork::config {

struct Account {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones, in ascending order, each once

  bool operator==(const Account&) const = default;
};

// "33:33:4,33": for another process of this program.
std::string account_text(const Account& account);
Result<Account> parse_account(std::string_view text);

}  // namespace prefork::config
