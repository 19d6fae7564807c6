// What an application wants to stand around the answers that the server makes for it: files of its
// folders, 404, 405, OPTIONS. See prefork_around in include/prefork/abi.h. Set while the
// application is loaded; then any thread.
#pragma once

#include "server/exchange/application.h"
#include "server/include/prefork/abi.h"
#include "server/native/native_errors.h"

namespace prefork::native {

class NativeAround {
 public:
  void set(const prefork_around& functions, void* user_data);
  [[nodiscard]] bool is_set() const {
    return functions_.before != nullptr || functions_.after != nullptr;
  }

  // Answers with `inner`, unless before() does, and lets after() see the answer. Throws what the
  // application reported by set_failed.
  void answer(prefork_app& app, const http::Request& request, http::Response& response,
              const exchange::Handler& inner) const;

 private:
  prefork_around functions_{};
  void* user_data_ = nullptr;
};

}  // namespace prefork::native
