#include "config/options/pool_options.h"

#include <algorithm>
#include <utility>

#include "config/base/config_error.h"

namespace prefork::config {

Result<void> add_pool(Options& options, std::string_view text) {
  auto spec = parse_pool_spec(text);
  if (!spec.ok()) return spec.problem();
  std::vector<PoolSpec>& pools = options.processes.pools;
  const std::string& name = spec.value().name;
  if (std::any_of(pools.begin(), pools.end(),
                  [&](const PoolSpec& other) { return other.name == name; })) {
    return Problem{"there are two pools with the name " + in_quotes(name)};
  }
  const bool has_default =
      name == kDefaultPool || std::any_of(pools.begin(), pools.end(), [](const PoolSpec& other) {
        return other.name == kDefaultPool;
      });
  if (pools.size() + (has_default ? 1 : 2) > kMaxPools) {
    return Problem{"there are at most " + std::to_string(kMaxPools) +
                   " pools, the default one among them"};
  }
  pools.push_back(std::move(spec).value());
  return {};
}

void clear_pools(Options& options) { options.processes.pools.clear(); }

std::vector<std::string> pool_texts(const Options& options) {
  std::vector<std::string> texts;
  for (const PoolSpec& spec : options.processes.pools) texts.push_back(spec.text());
  return texts;
}

Result<void> set_pool_order(Options& options, std::string_view text) {
  return store(parse_pool_order(text), options.processes.pool_order);
}

std::vector<std::string> pool_order_texts(const Options& options) {
  return {std::string(to_string(options.processes.pool_order))};
}

std::vector<PoolSpec> pool_classes(const Options& options) {
  PoolSpec usual;
  usual.name = kDefaultPool;
  usual.threads = options.processes.threads;
  usual.queue = options.limits.queue;
  usual.wait = {};
  std::vector<PoolSpec> classes = {usual};
  for (const PoolSpec& spec : options.processes.pools) {
    if (spec.name == kDefaultPool) {
      classes.front() = spec;
    } else {
      classes.push_back(spec);
    }
  }
  return classes;
}

std::uint32_t pool_threads(const Options& options) {
  std::uint32_t threads = 0;
  for (const PoolSpec& spec : pool_classes(options)) threads += spec.threads;
  return threads;
}

}  // namespace prefork::config
