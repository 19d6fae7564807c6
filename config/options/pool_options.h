// The options about the thread pool whose text has a form of its own, for option_table.cpp.
// Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option_field.h"

namespace prefork::config {

// Appends.
Result<void> add_pool(Options& options, std::string_view text);
void clear_pools(Options& options);
std::vector<std::string> pool_texts(const Options& options);

Result<void> set_pool_order(Options& options, std::string_view text);
std::vector<std::string> pool_order_texts(const Options& options);

// Commas belong to the form of a value.
inline constexpr CustomField kPool = {add_pool, pool_texts, "", true, ' ', clear_pools};
inline constexpr CustomField kPoolOrder = {set_pool_order, pool_order_texts, ""};

// The classes that each worker has: the default one first, which is made of --threads and
// --limit-queue unless --pool names it.
std::vector<PoolSpec> pool_classes(const Options& options);
// Of all of them.
std::uint32_t pool_threads(const Options& options);

}  // namespace prefork::config
