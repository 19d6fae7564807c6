#include "config/values/start_method.h"

#include <array>

#include "config/base/config_error.h"

namespace prefork::config {
namespace {

struct MethodName {
  StartMethod method;
  std::string_view name;
};

constexpr std::array kMethods = {
    MethodName{StartMethod::fork, "fork"},
    MethodName{StartMethod::spawn, "spawn"},
    MethodName{StartMethod::forkserver, "forkserver"},
};

}  // namespace

Result<StartMethod> parse_start_method(std::string_view text) {
  for (const MethodName& entry : kMethods) {
    if (entry.name == text) return entry.method;
  }
  return Problem{in_quotes(text) + " is not a start method; use fork, spawn or forkserver"};
}

std::string_view to_string(StartMethod method) {
  for (const MethodName& entry : kMethods) {
    if (entry.method == method) return entry.name;
  }
  return "";
}

}  // namespace prefork::config
