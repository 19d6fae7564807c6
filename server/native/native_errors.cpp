#include "server/native/native_errors.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/http/status.h"
#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/native_text.h"

namespace prefork::native {

namespace {

prefork_status set_error_page(prefork_app* app, const prefork_error_page* page) {
  if (app->is_loaded) {
    return PREFORK_WRONG;
  }
  prefork_error_page whole{};
  std::memcpy(&whole, page, std::min(page->size, sizeof whole));
  const auto added = app->errors.add(whole);
  if (!added.ok()) {
    app->failure = "the page of an error: " + added.problem().text;
    return PREFORK_WRONG;
  }
  return PREFORK_OK;
}

prefork_status set_error(prefork_response* response, const prefork_problem* given) {
  prefork_problem whole{};
  std::memcpy(&whole, given, std::min(given->size, sizeof whole));
  if (!http::is_error(whole.status)) {
    return PREFORK_WRONG;
  }
  http::Response& answer = *response->response;
  std::string failure = answer.take_failure();
  answer.set_error(whole.status, to_view(whole.detail));
  http::ProblemDetails& problem = *answer.error();
  problem.type = to_view(whole.type);
  problem.title = to_view(whole.title);
  for (std::size_t i = 0; i < whole.member_count; ++i) {
    problem.members.emplace_back(to_view(whole.members[i].name), to_view(whole.members[i].value));
  }
  problem.failure = failure;
  if (!failure.empty()) {
    answer.note_failure(std::move(failure));
  }
  response->app->errors.dress(*response);
  return PREFORK_OK;
}

// The C form of what is said of an error; its texts are the other's.
class NativeProblem {
 public:
  explicit NativeProblem(const http::ProblemDetails& problem) {
    for (const auto& [name, value] : problem.members) {
      members_.push_back({to_text(name), to_text(value)});
    }
    native_.size = sizeof native_;
    native_.status = problem.status;
    native_.detail = to_text(problem.detail);
    native_.type = to_text(problem.type);
    native_.title = to_text(problem.title);
    native_.members = members_.data();
    native_.member_count = members_.size();
  }
  [[nodiscard]] const prefork_problem& get() const { return native_; }

 private:
  prefork_problem native_{};
  std::vector<prefork_field> members_;
};

}  // namespace

config::Result<void> NativeErrors::add(const prefork_error_page& page) {
  if (page.handler == nullptr) {
    return pages_.add(page.status, to_view(page.content_type), to_view(page.body));
  }
  if (!http::is_error(page.status)) {
    return config::Problem{std::to_string(page.status) + " is no status of an error (400 to 599)"};
  }
  functions_[page.status] = {page.handler, page.user_data};
  return {};
}

void NativeErrors::dress(prefork_response& answer) const {
  http::Response& response = *answer.response;
  if (response.error() == nullptr) {
    return;
  }
  const auto function = functions_.find(response.status());
  // What such a function says of errors itself gets no other one.
  if (function == functions_.end() || answer.shown == nullptr || answer.is_error_page ||
      pages_.has_to_show(*response.error())) {
    pages_.dress(*answer.asked, response);
    return;
  }
  const std::unique_ptr<http::ProblemDetails> problem = response.take_error();
  const NativeProblem native(*problem);
  response.clear_content();
  response.remove_field("Content-Type");
  answer.is_error_page = true;
  function->second.handler(function->second.user_data, answer.shown, &native.get(), &answer);
  answer.is_error_page = false;
}

void add_error_functions(prefork_api& api) {
  api.set_error_page = set_error_page;
  api.set_error = set_error;
}

}  // namespace prefork::native
