#include "server/method_set.h"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace prefork {

namespace {

struct MethodNames {
  std::array<std::string_view, 64> names;
  std::size_t count = 0;

  constexpr void add(std::string_view name) {
    if (std::find(names.begin(), names.begin() + count, name) == names.begin() + count) {
      names[count++] = name;  // beyond the end: no constant expression, so no compilation
    }
  }
};

constexpr MethodNames make_method_names() {
  MethodNames result;
  // In the order of Method.
  for (const std::string_view name :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}) {
    result.add(name);
  }
#define PREFORK_ADD_METHOD(number, name, text) result.add(#text);
  HTTP_METHOD_MAP(PREFORK_ADD_METHOD)
#undef PREFORK_ADD_METHOD
  return result;
}

constexpr MethodNames kMethods = make_method_names();
constexpr std::size_t kNamedMethods = static_cast<std::size_t>(Method::other);
static_assert(kMethods.names[kNamedMethods - 1] == "CONNECT");

// CONNECT asks for a tunnel: the parser refuses it.
constexpr bool reaches_routes(std::string_view name) { return name != "CONNECT"; }

MethodNumber find_from(std::size_t first, std::string_view name) {
  for (std::size_t i = first; i < kMethods.count; ++i) {
    if (kMethods.names[i] == name) {
      return reaches_routes(name) ? static_cast<MethodNumber>(i) : kNoMethod;
    }
  }
  return kNoMethod;
}

}  // namespace

MethodNumber method_number(std::string_view name) { return find_from(0, name); }

MethodNumber method_number(const Request& request) {
  return request.method == Method::other ? find_from(kNamedMethods, request.method_text)
                                         : static_cast<MethodNumber>(request.method);
}

std::string_view method_name(MethodNumber method) { return kMethods.names[method]; }

std::string MethodSet::to_text() const {
  constexpr auto kOptions = static_cast<MethodNumber>(Method::options);
  std::string text;
  if (contains(kOptions)) {
    text = method_name(kOptions);
  }
  for (std::size_t i = 0; i < kMethods.count; ++i) {
    const auto method = static_cast<MethodNumber>(i);
    if (contains(method) && method != kOptions) {
      text.append(text.empty() ? "" : ", ").append(method_name(method));
    }
  }
  return text;
}

}  // namespace prefork
