// What stands around the answers below a place in the paths (group.hpp), whoever makes them:
// handlers on the loop, on the pool and deferred ones, mounted folders, and the server where there
// is no route. Filled while the application is defined; then any thread.
//
// For a request they are called in this order, each kind in the order they were added:
//
//   before() of the App, of the group, of the group in it, and so on; one that responds ends it
//   the handler
//   after() of the innermost group, of the one around it, and so on, of the App
//   what security_headers() and cors() say
//
// What before() or the handler throws is the innermost on_error()'s; what that throws, the next
// one's outwards, and in the end the response says so: with the status of a prefork::Error, else
// with 500. They are looked up when a request comes: what is added behind a route is around it too.
#pragma once

#include <prefork/cxx20.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/cors.hpp>
#include <prefork/error.hpp>
#include <prefork/handler.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>
#include <prefork/security_headers.hpp>

namespace prefork {
inline namespace v1 {

class Around {
 public:
  using Handler = detail::HandlerFunction;
  // Why a response is a 500 that should be none: for the log. Nothing: it is none.
  using Failure = std::optional<std::string>;

  void add(detail::BeforeFunction function) { before_.push_back(std::move(function)); }
  void add(detail::AfterFunction function) { after_.push_back(std::move(function)); }
  void set(detail::ErrorFunction function) { on_error_ = std::move(function); }
  void set(Cors cors) { cors_ = std::move(cors); }
  void set(SecurityHeaders headers) { security_headers_ = std::move(headers); }
  // Null: none. It outlives this one.
  void set_outer(const Around* outer) { outer_ = outer; }

  // Of this place itself.
  [[nodiscard]] bool empty() const { return before_.empty() && !changes_answers(); }

  // What a function before() responds, in place of whoever else would.
  std::optional<Response> respond_before(const Request& request, Failure& failure) const {
    try {
      return ask_before(request);
    } catch (...) {
      return respond_to_exception(request, failure);
    }
  }
  // What a function before() or the handler responds.
  Response respond(const Request& request, const Handler& handler, Failure& failure) const {
    try {
      if (std::optional<Response> early = ask_before(request)) {
        return std::move(*early);
      }
      return handler(request);
    } catch (...) {
      return respond_to_exception(request, failure);
    }
  }
  // What is responded to an exception that is being handled.
  Response respond_to_exception(const Request& request, Failure& failure) const;
  // What `make` makes, where functions before() have been asked already; what it throws is treated
  // as a handler's.
  template <typename Make>
  Response made_by(const Request& request, Failure& failure, const Make& make) const {
    try {
      return make();
    } catch (...) {
      return respond_to_exception(request, failure);
    }
  }
  // What they throw is thrown.
  void pass(const Request& request, Response& response) const {
    for (const Around* at = this; at != nullptr; at = at->outer_) {
      for (const auto& function : at->after_) {
        function(request, response);
      }
    }
    if (const auto* const headers = innermost(&Around::security_headers_)) {
      headers->add_to(response, request);
    }
    if (const auto* const cors = innermost(&Around::cors_)) {
      cors->add_to(response, request);
    }
  }

  // Sends what was responded, by way of the functions after(); a failure on the way becomes a 500
  // that has gone the same way.
  void send(const prefork_api& api, prefork_response* to, const Request& request,
            Response& response, Failure failure) const {
    try {
      response.make_error_page(api, to, failure);
      pass(request, response);
      response.send(api, to);
    } catch (const std::exception& error) {
      send_failed(api, to, request, response, error.what());
      return;
    } catch (...) {
      send_failed(api, to, request, response, kUnknown);
      return;
    }
    report(api, to, failure);
  }

  // For answers that the server makes.
  int before_server(const prefork_api& api, const prefork_request& native,
                    prefork_response* to) const;
  void after_server(const prefork_api& api, const prefork_request& native,
                    prefork_response* to) const;

  static Response internal_error() { return Error(500); }

 private:
  static constexpr int kFirstServerError = 500;
  static constexpr const char* kUnknown = "an exception that is no std::exception";

  [[nodiscard]] bool changes_answers() const {
    return !after_.empty() || security_headers_ || cors_;
  }
  std::optional<Response> ask_before(const Request& request) const {
    if (outer_ != nullptr) {
      if (std::optional<Response> early = outer_->ask_before(request)) {
        return early;
      }
    }
    for (const auto& function : before_) {
      if (std::optional<Response> early = function(request)) {
        return early;
      }
    }
    return std::nullopt;
  }

  // Null: no place has it.
  template <typename Said>
  const Said* innermost(std::optional<Said> Around::*said) const {
    for (const Around* at = this; at != nullptr; at = at->outer_) {
      if (at->*said) {
        return &*(at->*said);
      }
    }
    return nullptr;
  }

  static void report(const prefork_api& api, prefork_response* to, const Failure& failure) {
    if (failure && PREFORK_HAS(&api, report_failure)) {
      api.report_failure(to, detail::text(*failure));
    } else if (failure) {
      api.set_failed(to, detail::text(*failure));
    }
  }
  void send_failed(const prefork_api& api, prefork_response* to, const Request& request,
                   const Response& response, const std::string& what) const {
    if (response.has_stream() || !PREFORK_HAS(&api, report_failure)) {
      api.set_failed(to, detail::text(what));  // some of it may be on its way
      return;
    }
    try {
      api.clear_body(to);
      Response error = internal_error();
      error.make_error_page(api, to, what);
      pass(request, error);
      error.write_back(api, to);
      report(api, to, what);
    } catch (...) {
      api.set_failed(to, detail::text(what));  // it is after() that fails
    }
  }

  const Around* outer_ = nullptr;
  std::vector<detail::BeforeFunction> before_;
  std::vector<detail::AfterFunction> after_;
  detail::ErrorFunction on_error_;
  std::optional<SecurityHeaders> security_headers_;
  std::optional<Cors> cors_;
};

inline Response Around::respond_to_exception(const Request& request, Failure& failure) const {
  std::exception_ptr thrown = std::current_exception();
  for (const Around* at = this; at != nullptr; at = at->outer_) {
    if (!at->on_error_) {
      continue;
    }
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      try {
        return at->on_error_(request, error);
      } catch (...) {
        thrown = std::current_exception();
      }
    } catch (...) {
      break;  // it is nobody's
    }
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.status() >= kFirstServerError) {
      failure = error.what();
    }
    return Response(error);
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = kUnknown;
  }
  return internal_error();
}

// Not 0: it has responded.
inline int Around::before_server(const prefork_api& api, const prefork_request& native,
                                 prefork_response* to) const {
  try {
    const Request request(api, native);
    if (Cors::is_preflight(request) && innermost(&Around::cors_) != nullptr) {
      return 0;  // it comes without what before() would look for
    }
    Failure failure;
    std::optional<Response> early = respond_before(request, failure);
    if (!early) {
      return 0;
    }
    early->make_error_page(api, to, failure);
    early->send(api, to);
    report(api, to, failure);
  } catch (const std::exception& error) {
    api.set_failed(to, detail::text(error.what()));
  } catch (...) {
    api.set_failed(to, detail::text(kUnknown));
  }
  return 1;
}

inline void Around::after_server(const prefork_api& api, const prefork_request& native,
                                 prefork_response* to) const {
  const Around* at = this;
  while (at != nullptr && !at->changes_answers()) {
    at = at->outer_;
  }
  if (at == nullptr) {
    return;
  }
  try {
    const Request request(api, native);
    Response response = Response::of_server(api, to);
    if (const auto* const cors = innermost(&Around::cors_)) {
      cors->answer_preflight(response, request);
    }
    pass(request, response);
    response.write_back(api, to);
  } catch (const std::exception& error) {
    api.set_failed(to, detail::text(error.what()));
  } catch (...) {
    api.set_failed(to, detail::text(kUnknown));
  }
}

}  // namespace v1
}  // namespace prefork
