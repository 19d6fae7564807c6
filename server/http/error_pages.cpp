#include "server/http/error_pages.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "config/base/text.h"
#include "server/http/status.h"

namespace prefork::http {

namespace {

void put_page(std::string_view type, std::string_view body, Response& response) {
  response.set_content_type(type);
  response.set_static_body(body);
}

void render(const ProblemDetails& problem, ErrorForm form, Response& response) {
  switch (form) {
    case ErrorForm::html:
      response.set_content_type("text/html; charset=utf-8");
      response.set_body(to_html(problem));
      break;
    case ErrorForm::json:
      response.set_content_type("application/problem+json");
      response.set_body(to_json(problem));
      break;
    case ErrorForm::text:
      break;  // as it is
  }
}

}  // namespace

config::Result<void> ErrorPages::add(int status, std::string_view type, std::string_view body) {
  if (!is_error(status)) {
    return config::Problem{std::to_string(status) + " is no status of an error (400 to 599)"};
  }
  if (type.empty() || !config::is_safe_field_value(type)) {
    return config::Problem{"the content type is empty, or has a control character in it"};
  }
  if (body.size() > kMaxPageBytes) {
    return config::Problem{"the page has more than " + std::to_string(kMaxPageBytes) + " bytes"};
  }
  Page page{status, std::string(type), form_of_type(type), std::string(body)};
  const auto known = std::find_if(pages_.begin(), pages_.end(), [&page](const Page& other) {
    return other.status == page.status && other.type == page.type;
  });
  if (known != pages_.end()) {
    *known = std::move(page);
    return {};
  }
  if (pages_.size() == kMaxPages) {
    return config::Problem{"there are " + std::to_string(kMaxPages) + " pages already"};
  }
  pages_.push_back(std::move(page));
  return {};
}

// Who names no form gets the first page, who names one that of this form.
const ErrorPages::Page* ErrorPages::find(int status, std::optional<ErrorForm> named) const {
  const auto found = std::find_if(pages_.begin(), pages_.end(), [&](const Page& page) {
    return page.status == status && (!named || page.form == named);
  });
  return found == pages_.end() ? nullptr : &*found;
}

void ErrorPages::show_failure(const Request& request, ProblemDetails& problem) const {
  if (!has_to_show(problem)) {
    problem.failure.clear();
    return;
  }
  if (request.route != 0 && request.route <= routes_.size()) {
    problem.route.assign(request.method_text).append(" ").append(routes_[request.route - 1U]);
  }
}

void ErrorPages::dress(const Request& request, Response& response) const {
  const std::unique_ptr<ProblemDetails> problem = response.take_error();
  if (problem == nullptr) {
    return;
  }
  show_failure(request, *problem);
  const std::optional<ErrorForm> named = named_form(request.fields);
  const Page* const page = has_to_show(*problem) ? nullptr : find(problem->status, named);
  if (page != nullptr) {
    put_page(page->type, page->body, response);
  } else {
    render(*problem, named.value_or(ErrorForm::text), response);
  }
  if (named) {
    response.add_field("Vary", "Accept");
  }
}

void ErrorPages::dress_unread(Response& response) const {
  const std::unique_ptr<ProblemDetails> problem = response.take_error();
  if (problem != nullptr) {
    if (const Page* const page = find(problem->status, std::nullopt)) {
      put_page(page->type, page->body, response);
    }
  }
}

}  // namespace prefork::http
