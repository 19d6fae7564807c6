#include "server/native/native_around.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "ipc/base/forked.h"
#include "server/exchange/job.h"
#include "server/native/native_application.h"
#include "server/native/native_request.h"
#include "server/native/native_response.h"

namespace prefork::native {

// One that was built against an older interface has fewer functions.
void NativeAround::set(const prefork_around& functions, void* user_data) {
  functions_ = {};
  std::memcpy(&functions_, &functions, std::min(functions.size, sizeof functions_));
  user_data_ = user_data;
}

void NativeAround::answer(prefork_app& app, const http::Request& request, http::Response& response,
                          const exchange::Handler& inner) const {
  prefork_call call{response.link().starter, nullptr, &app};
  const NativeRequest native(request, &app, call.starter == nullptr ? nullptr : &call,
                             response.link().interim);
  prefork_response answer;
  answer.app = &app;
  answer.asked = &request;
  answer.response = &response;
  answer.shown = &native.get();
  const bool is_answered =
      functions_.before != nullptr && functions_.before(user_data_, &native.get(), &answer) != 0;
  ipc::end_copy();
  std::string failure;
  if (!is_answered && !exchange::call_handler(inner, request, response, failure)) {
    response.set_error(500, {});
    response.error()->failure = failure;
    response.note_failure(std::move(failure));
  }
  if (!is_answered) {
    app.errors.dress(answer);
  }
  if (functions_.after != nullptr) {
    functions_.after(user_data_, &native.get(), &answer);
    ipc::end_copy();
  }
  if (answer.failed) {
    throw std::runtime_error(answer.failure);
  }
}

}  // namespace prefork::native
