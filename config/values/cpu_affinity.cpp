#include "config/values/cpu_affinity.h"

#include <utility>

#include "config/base/config_error.h"

namespace prefork::config {

std::string CpuAffinity::text() const {
  switch (mode) {
    case Mode::automatic:
      return "auto";
    case Mode::list:
      return to_text(cpus);
    case Mode::off:
      break;
  }
  return "off";
}

Result<CpuAffinity> parse_cpu_affinity(std::string_view text) {
  if (text == "off") return CpuAffinity{};
  if (text == "auto") return CpuAffinity{CpuAffinity::Mode::automatic, {}};
  auto cpus = parse_cpu_set(text);
  if (!cpus.ok()) {
    return Problem{in_quotes(text) +
                   " says nothing about CPUs; use off, auto or a list such as "
                   "0-3,8"};
  }
  return CpuAffinity{CpuAffinity::Mode::list, std::move(cpus).value()};
}

}  // namespace prefork::config
