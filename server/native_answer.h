// Between the C interface and the engine: requests as applications see them, and the functions by
// which they answer. See include/prefork/abi.h for the rules and threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/include/prefork/abi.h"
#include "server/job.h"
#include "server/response.h"

// An answer that an application makes: on the stack of the one who calls its handler, or, deferred,
// on its own together with the job.
struct prefork_response {
  prefork::Response* response = nullptr;
  std::unique_ptr<prefork::Job> job;  // of a deferred answer
  bool failed = false;
  std::string failure;
};

namespace prefork {

inline std::string_view to_view(prefork_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

// The C form of a request; its texts are the request's. Not moved: it points into itself.
class NativeRequest {
 public:
  explicit NativeRequest(const Request& request);
  NativeRequest(const NativeRequest&) = delete;
  NativeRequest& operator=(const NativeRequest&) = delete;

  [[nodiscard]] const prefork_request& get() const { return native_; }

 private:
  prefork_request native_{};
  std::string client_;
  std::vector<prefork_field> fields_;
  std::vector<prefork_field> parameters_;
};

// Fills in the functions of the part "an answer".
void add_answer_functions(prefork_api& api);

// Calls a handler on this thread. Throws what the application reported by set_failed.
void call_native(prefork_handler handler, void* user_data, const Request& request,
                 Response& response);

// Calls a handler that completes the answer later.
void defer_native(prefork_handler handler, void* user_data, std::unique_ptr<Job> job);

}  // namespace prefork
