// The pages of errors that the server makes: which form a client gets, and what an application puts
// in their place. Filled while the application is loaded; then any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/base/result.h"
#include "server/http/error_form.h"
#include "server/http/problem_details.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace prefork::http {

class ErrorPages {
 public:
  static constexpr std::size_t kMaxPages = 64;
  static constexpr std::size_t kMaxPageBytes = 64 * 1024;

  // What an application says of a status in one type: in place of what it said before of both. It
  // must not be changed while responses are written.
  config::Result<void> add(int status, std::string_view type, std::string_view body);
  // From now on pages of a 500 say what was thrown, and in which route: its pattern by the number
  // of the route.
  void show_failures(std::vector<std::string> routes) {
    routes_ = std::move(routes);
    shows_failures_ = true;
  }

  // Whether it is to be told what went wrong, which no page of the application's does.
  [[nodiscard]] bool has_to_show(const ProblemDetails& problem) const {
    return shows_failures_ && !problem.failure.empty();
  }

  // Gives a response with an error() the form that the client asks for; one without is left alone.
  void dress(const Request& request, Response& response) const;
  // The same where nothing is known of the client.
  void dress_unread(Response& response) const;

 private:
  struct Page {
    int status;
    std::string type;
    std::optional<ErrorForm> form;
    std::string body;
  };

  [[nodiscard]] const Page* find(int status, std::optional<ErrorForm> named) const;
  void show_failure(const Request& request, ProblemDetails& problem) const;

  std::vector<Page> pages_;
  std::vector<std::string> routes_;
  bool shows_failures_ = false;
};

}  // namespace prefork::http
