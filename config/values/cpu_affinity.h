// Which CPUs the workers are to run on, as it was asked for. A value; any thread may read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/base/result.h"
#include "config/values/cpu_set.h"

namespace prefork::config {

struct CpuAffinity {
  enum class Mode : std::uint8_t {
    off,        // wherever the kernel likes
    automatic,  // each worker on a core of its own, of those that this process may run on
    list,       // the same, of these
  };
  Mode mode = Mode::off;
  CpuSet cpus;  // of `list`; else empty

  // `off`, `auto` or `0-3,8`, which parse_cpu_affinity() accepts.
  [[nodiscard]] std::string text() const;

  bool operator==(const CpuAffinity&) const = default;
};

Result<CpuAffinity> parse_cpu_affinity(std::string_view text);

}  // namespace prefork::config
