// The application's own pages of errors: of those that its handlers throw (error.hpp), and of those
// that the server makes, 404 and 405 of its paths as well as 408, 413 or 503. A base of App.
#pragma once

#include <prefork/cxx20.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/error.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Belongs to PREFORK_APP, one thread; what it was given is called by several threads at once.
class ErrorPages {
 public:
  using Page = std::function<Response(const Request&, const Error&)>;

  // For App. Both outlive it.
  ErrorPages(const prefork_api& api, prefork_app* app) : api_(api), app_(app) {}

  // What is sent for errors of that status, 400 to 599, instead of the server's own words. Nothing
  // is called for it and nothing can go wrong with it, so that it is there also where the server
  // refuses what it cannot understand or has no room for (400, 408, 413, 431, 503, 504). Of
  // `response` its Content-Type and its body count, at most 64 KiB. Of one status there may be a
  // page for each type: a client that asks for HTML or JSON (Accept) gets the one of its kind, or
  // what the server says in that kind; one that does not care gets the first. At most 64. Throws
  // std::invalid_argument, which says why.
  void error_page(int status, const Response& response) {
    const auto type = response.header("content-type");
    if (!type || response.has_stream() || response.has_file() || response.header_count() != 1) {
      throw std::invalid_argument(name_of(status) +
                                  ": a page is a text with a Content-Type and no other field; a "
                                  "function can respond with anything");
    }
    prefork_error_page page{};
    page.content_type = detail::text(*type);
    page.body = detail::text(response.body());
    add(status, page);
  }
  // The same by a function, which knows the request and the error: (const Request&, const Error&),
  // (const Request&) or (). For what handlers throw and for paths that nobody has, also below a
  // mounted folder; called where the error is, so on the event loop for handlers there and for
  // folders, where it must not block. It goes before a text. A response with the status 200 gets
  // that of the error. What it throws makes it a 500.
  template <typename Function>
  requires(!std::is_convertible_v<Function, const Response&>) void error_page(int status,
                                                                              Function function) {
    if constexpr (std::is_invocable_v<Function&, const Request&, const Error&>) {
      add_function(status, Page(std::move(function)));
    } else if constexpr (std::is_invocable_v<Function&, const Request&>) {
      add_function(status, [function](const Request& request, const Error&) -> Response {
        return function(request);
      });
    } else {
      static_assert(std::is_invocable_v<Function&>,
                    "error_page() takes a Response, or a function that returns one of "
                    "(const Request&, const Error&), of (const Request&) or of nothing");
      add_function(status,
                   [function](const Request&, const Error&) -> Response { return function(); });
    }
  }

 private:
  struct Known {
    const prefork_api& api;
    int status;
    Page page;

    static void handle(void* self, const prefork_request* request, const prefork_problem* problem,
                       prefork_response* to);
  };

  static std::string name_of(int status) { return "error_page(" + std::to_string(status) + ")"; }
  void add_function(int status, Page function) {
    if (!function) {
      throw std::invalid_argument(name_of(status) + ": the function is none");
    }
    known_.push_back(std::make_unique<Known>(Known{api_, status, std::move(function)}));
    prefork_error_page page{};
    page.handler = Known::handle;
    page.user_data = known_.back().get();
    add(status, page);
  }
  void add(int status, prefork_error_page& page) {
    if (!PREFORK_HAS(&api_, set_error_page)) {
      throw std::runtime_error("error_page() needs a newer server than this one");
    }
    page.size = sizeof page;
    page.status = status;
    if (api_.set_error_page(app_, &page) != PREFORK_OK) {
      throw std::invalid_argument(name_of(status) + ": " +
                                  std::string(detail::view(api_.get_failure(app_))));
    }
  }

  const prefork_api& api_;
  prefork_app* app_;
  std::vector<std::unique_ptr<Known>> known_;
};

inline void ErrorPages::Known::handle(void* self, const prefork_request* request,
                                      const prefork_problem* problem, prefork_response* to) {
  const Known& known = *static_cast<const Known*>(self);
  const auto fail = [&](const std::string& why) {
    known.api.set_failed(to, detail::text(name_of(known.status) + " threw: " + why));
  };
  try {
    Error error(problem->status, std::string(detail::view(problem->detail)));
    error.type(std::string(detail::view(problem->type)));
    error.title(std::string(detail::view(problem->title)));
    Response response = known.page(Request(known.api, *request), error);
    if (response.status() == 200) {
      response.status(problem->status);
    }
    response.make_error_page(known.api, to, std::nullopt);
    response.send(known.api, to);
  } catch (const std::exception& error) {
    fail(error.what());
  } catch (...) {
    fail("an exception that is no std::exception");
  }
}

}  // namespace v1
}  // namespace prefork
