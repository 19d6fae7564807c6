// Between the C interface and the engine: the functions by which applications respond. See
// include/prefork/abi.h for the rules and threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/exchange/body_channel.h"
#include "server/exchange/job.h"
#include "server/http/response.h"
#include "server/include/prefork/abi.h"
#include "server/native/keeps_one.h"
#include "server/native/native_errors.h"
#include "server/native/native_request.h"

// A response that an application makes: on the stack of the one who calls its handler, or,
// deferred, on its own together with the job.
struct prefork_response : prefork::native::KeepsOne<prefork_response> {
  prefork_app* app = nullptr;
  const prefork::http::Request* asked = nullptr;  // what it responds to
  prefork::http::Response* response = nullptr;
  // Of a deferred response.
  std::unique_ptr<prefork::exchange::Job> job;
  prefork::native::HeldRequest* request = nullptr;
  bool failed = false;
  std::string failure;
  const prefork_request* shown = nullptr;  // `asked`, as the application sees it
  bool is_error_page = false;              // a function makes the page of an error
};

namespace prefork::native {

inline exchange::BodyChannel& to_channel(prefork_stream* stream) {
  return *reinterpret_cast<exchange::BodyChannel*>(stream);
}

inline std::string_view to_view(prefork_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

// Fills in the functions of the part "an answer" of abi.h.
void add_response_functions(prefork_api& api);

// Calls a handler on this thread. Throws what the application reported by set_failed.
void call_native(prefork_app* app, prefork_handler handler, void* user_data,
                 const http::Request& request, http::Response& response);

// Calls a handler that completes the response later.
void defer_native(prefork_app* app, prefork_handler handler, void* user_data,
                  std::unique_ptr<exchange::Job> job);

}  // namespace prefork::native
