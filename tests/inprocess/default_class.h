// The class of the pool that an application has which names none, with these limits.
#pragma once

#include <cstdint>

#include "config/options/pool_options.h"

namespace prefork::test {

inline config::PoolSpec default_class(std::uint32_t threads, std::uint32_t queue_limit) {
  config::Options options;
  options.processes.threads = threads;
  options.limits.queue = queue_limit;
  return config::pool_classes(options).front();
}

}  // namespace prefork::test
