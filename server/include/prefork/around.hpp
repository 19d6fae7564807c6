// What stands around the answers of an application, whoever makes them: handlers on the loop, on
// the pool and deferred ones, mounted folders, and the server where there is no route. Filled while
// the application is defined; then any thread.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/abi.h>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

class Around {
 public:
  using Handler = std::function<Response(const Request&)>;
  using Before = std::function<std::optional<Response>(const Request&)>;  // nothing: go on
  using After = std::function<void(const Request&, Response&)>;
  using OnError = std::function<Response(const Request&, const std::exception&)>;
  // Why a response is a 500 that should be none: for the log. Nothing: it is none.
  using Failure = std::optional<std::string>;

  void add(Before function) { before_.push_back(std::move(function)); }
  void add(After function) { after_.push_back(std::move(function)); }
  void set(OnError function) { on_error_ = std::move(function); }
  [[nodiscard]] bool empty() const { return before_.empty() && after_.empty(); }
  [[nodiscard]] bool has_after() const { return !after_.empty(); }

  // What a function before() responds, in place of whoever else would.
  std::optional<Response> respond_before(const Request& request, Failure& failure) const {
    return guarded(request, failure, [&]() -> std::optional<Response> {
      for (const Before& function : before_) {
        if (std::optional<Response> early = function(request)) {
          return early;
        }
      }
      return std::nullopt;
    });
  }
  // What a function before() or the handler responds.
  Response respond(const Request& request, const Handler& handler, Failure& failure) const {
    if (std::optional<Response> early = respond_before(request, failure)) {
      return std::move(*early);
    }
    return *guarded(request, failure, [&] { return std::optional<Response>(handler(request)); });
  }
  // What they throw is thrown.
  void pass(const Request& request, Response& response) const {
    for (const After& function : after_) {
      function(request, response);
    }
  }

  // Sends what was responded, by way of the functions after(); a failure on the way becomes a 500
  // that has gone the same way.
  void send(const prefork_api& api, prefork_response* to, const Request& request,
            Response& response, Failure failure) const {
    try {
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

  static Response internal_error() { return text("500 Internal Server Error\n", 500); }

 private:
  static constexpr const char* kUnknown = "an exception that is no std::exception";

  // What `call` responds, or in place of what it throws on_error(), or a 500.
  template <typename Call>
  std::optional<Response> guarded(const Request& request, Failure& failure,
                                  const Call& call) const {
    try {
      try {
        return call();
      } catch (const std::exception& error) {
        if (!on_error_) {
          throw;
        }
        return on_error_(request, error);
      }
    } catch (const std::exception& error) {
      failure = error.what();
    } catch (...) {
      failure = kUnknown;
    }
    return internal_error();
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
      Response error = internal_error();
      pass(request, error);
      api.clear_body(to);
      error.write_back(api, to);
      report(api, to, what);
    } catch (...) {
      api.set_failed(to, detail::text(what));  // it is after() that fails
    }
  }

  std::vector<Before> before_;
  std::vector<After> after_;
  OnError on_error_;
};

// Not 0: it has responded.
inline int Around::before_server(const prefork_api& api, const prefork_request& native,
                                 prefork_response* to) const {
  try {
    Failure failure;
    const std::optional<Response> early = respond_before(Request(api, native), failure);
    if (!early) {
      return 0;
    }
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
  if (!has_after()) {
    return;
  }
  try {
    Response response = Response::of_server(api, to);
    pass(Request(api, native), response);
    response.write_back(api, to);
  } catch (const std::exception& error) {
    api.set_failed(to, detail::text(error.what()));
  } catch (...) {
    api.set_failed(to, detail::text(kUnknown));
  }
}

}  // namespace v1
}  // namespace prefork
