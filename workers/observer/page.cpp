#include "workers/observer/page.h"

#include "ipc/base/check.h"

namespace prefork::observer {

std::string make_page(bool needs_token) {
  constexpr std::string_view kMark = R"(data-token="none")";
  std::string page(kPage);
  const std::size_t at = page.find(kMark);
  PREFORK_CHECK(at != page.npos);
  if (needs_token) {
    page.replace(at, kMark.size(), R"(data-token="needed")");
  }
  return page;
}

}  // namespace prefork::observer
