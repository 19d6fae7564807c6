// Between the C interface and the engine: requests as applications see them, and the functions by
// which they respond. See include/prefork/abi.h for the rules and threads.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange/job.h"
#include "server/http/response.h"
#include "server/include/prefork/abi.h"

// A response that an application makes: on the stack of the one who calls its handler, or,
// deferred, on its own together with the job.
struct prefork_response {
  prefork::http::Response* response = nullptr;
  std::unique_ptr<prefork::exchange::Job> job;  // of a deferred response
  bool failed = false;
  std::string failure;
};

namespace prefork::native {

inline std::string_view to_view(prefork_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

// The C form of a request; its texts are the request's. Made without allocation, but for unusually
// many fields. Not moved: it points into itself.
class NativeRequest {
 public:
  explicit NativeRequest(const http::Request& request);
  NativeRequest(const NativeRequest&) = delete;
  NativeRequest& operator=(const NativeRequest&) = delete;

  [[nodiscard]] const prefork_request& get() const { return native_; }

 private:
  // More than browsers send.
  static constexpr std::size_t kUsualFields = 40;

  prefork_request native_{};
  ipc::PeerText client_;
  std::array<prefork_field, kUsualFields> few_;  // the fields, then the parameters
  std::vector<prefork_field> many_;              // instead, where there are more
};

// Fills in the functions of the part "an answer" of abi.h.
void add_response_functions(prefork_api& api);

// Calls a handler on this thread. Throws what the application reported by set_failed.
void call_native(prefork_handler handler, void* user_data, const http::Request& request,
                 http::Response& response);

// Calls a handler that completes the response later.
void defer_native(prefork_handler handler, void* user_data, std::unique_ptr<exchange::Job> job);

}  // namespace prefork::native
