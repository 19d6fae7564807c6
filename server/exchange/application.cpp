#include "server/exchange/application.h"

namespace prefork::exchange {

const http::ErrorPages& Application::error_pages() const noexcept {
  static const http::ErrorPages kPages;
  return kPages;
}

}  // namespace prefork::exchange
