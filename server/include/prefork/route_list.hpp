// What App and Group have in common: routes, folders, and what stands around them.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <prefork/coroutine_route.hpp>
#include <prefork/cors.hpp>
#include <prefork/folder.hpp>
#include <prefork/handler.hpp>
#include <prefork/place.hpp>
#include <prefork/route.hpp>
#include <prefork/route_plan.hpp>
#include <prefork/run_on.hpp>
#include <prefork/security_headers.hpp>

namespace prefork {
inline namespace v1 {

class Group;

// `Self`: App or Group, which every function returns. In PREFORK_APP only. Throws
// std::invalid_argument, which says why, for what cannot be.
template <typename Self>
class RouteList {
 public:
  RouteList(const RouteList&) = delete;
  RouteList& operator=(const RouteList&) = delete;

  // Adds a route. `method`: "GET" (for HEAD too), "POST", any token (RFC 9110 section 9.1).
  // `pattern`: "/", "/items/{id}", "/files/{path...}"; of several that match a path the one whose
  // parts are fixed where the others' vary comes first. In a group it follows the prefix, and an
  // empty one is the prefix itself. `what`: where the handler runs and how much content it takes,
  // if anything (run_on.hpp), and the handler, in one of the forms of handler.hpp; with deferred it
  // takes (Request, Responder), is called on the event loop, and the request ends when the
  // Responder has responded; one that is a coroutine (coroutine.hpp) runs there as well. Handlers
  // on the pool are called by several threads at once. Refused is a pattern that cannot be read or
  // exists for that method.
  //
  //   app.route("REPORT", "/calendar/{id}", prefork::on_loop, [](const prefork::Request& request) {
  //     return prefork::text(std::string(request.parameter("id"))); });
  template <typename... What>
  Self& route(std::string_view method, std::string_view pattern, What&&... what) {
    static_assert(sizeof...(What) != 0, "a route ends with its handler");
    if constexpr (sizeof...(What) != 0) {
      add(method, pattern, std::forward_as_tuple(std::forward<What>(what)...),
          std::make_index_sequence<sizeof...(What) - 1>());
    }
    return self();
  }

  template <typename... What>
  Self& get(std::string_view pattern, What&&... what) {
    return route("GET", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  Self& post(std::string_view pattern, What&&... what) {
    return route("POST", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  Self& put(std::string_view pattern, What&&... what) {
    return route("PUT", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  Self& patch(std::string_view pattern, What&&... what) {
    return route("PATCH", pattern, std::forward<What>(what)...);
  }
  template <typename... What>
  Self& del(std::string_view pattern, What&&... what) {
    return route("DELETE", pattern, std::forward<What>(what)...);
  }

  // The files of `folder` below `prefix` ("/assets"), as `prefork-server FOLDER` serves them; a
  // relative folder is looked for where the server was started. A route answers what it has, the
  // folder the rest, and not_found() what neither has. Refused is a bad prefix, or a folder that
  // cannot be read.
  Self& mount(std::string_view prefix, std::string_view folder, const Folder& how = {}) {
    self().table().mount(self().place(), prefix, folder, how);
    return self();
  }

  // Everything below a prefix, "/admin" or "/shops/{shop}"; in a group, below its own. What is said
  // of it holds for all answers there, whoever has added what answers: for a handler the pattern of
  // its route lies below the prefix, for the rest its path does; of several groups the innermost
  // counts, with those around it. The same prefix again is the same group. It lives as long as the
  // App.
  //
  //   auto& admin = app.group("/admin");
  //   admin.before(ask_for_login).get("/users", list_users);  // GET /admin/users
  Group& group(std::string_view prefix) { return self().table().group(self().place(), prefix); }

  // Around every answer below, in the order of around.hpp: that of a handler wherever it runs, of a
  // mounted folder, and of the server for a path without a route (404), the wrong method (405) and
  // OPTIONS. A function before() that responds ends the chain, and nothing else is asked; those
  // after() see every response, also one that says 500, and may change it. What they throw is
  // treated like what a handler throws; of after() it becomes a 500.
  //
  // They run where the route runs: on the pool; on the event loop, where they must not block, for
  // routes with on_loop or deferred and for paths below a mounted folder; on the pool where there
  // is no route. After a deferred handler, after() runs on the thread that responds. What the
  // server refuses or ends by itself (400, 413, 503, 504) is not the application's.
  //
  // before: (const Request&), returns std::optional<Response> (nothing: go on) or void.
  // after: (const Request&, Response&).
  template <typename Function>
  Self& before(Function function) {
    around().add(checked(detail::make_before(std::move(function)), "before()"));
    return self();
  }
  template <typename Function>
  Self& after(Function function) {
    around().add(checked(detail::make_after(std::move(function)), "after()"));
    return self();
  }
  // (const Request&, const std::exception&): responds to what a handler or a function before()
  // threw, instead of a 500; not to what is thrown after a deferred handler has given its Responder
  // away. One; the last counts.
  template <typename Function>
  Self& on_error(Function function) {
    around().set(checked(detail::make_on_error(std::move(function)), "on_error()"));
    return self();
  }
  // Responds to a path below that neither a route nor a mounted folder has, on the pool, instead of
  // the server's 404. A handler; one, the last counts.
  template <typename Handler>
  Self& not_found(Handler handler) {
    self().table().set_not_found(self().place(), detail::make_handler(std::move(handler)));
    return self();
  }

  // Lets pages of other origins use what is below (the CORS protocol of the Fetch standard): what
  // is asked before a request (a preflight) is answered for every path, with 204 where the path has
  // the method and before any before(), unless there is a route for OPTIONS; and every answer says
  // to whom it may be shown. Of several the innermost counts. See cors.hpp.
  //
  //   app.cors({.origins = {"https://shop.example"}, .credentials = true});
  Self& cors(Cors cors) {
    cors.check();
    around().set(std::move(cors));
    return self();
  }
  // X-Content-Type-Options, Referrer-Policy and others, where an answer has none of its own. Of
  // several the innermost counts. See security_headers.hpp.
  //
  //   app.security_headers();
  //   app.group("/embed").security_headers({.frame_options = "SAMEORIGIN"});
  Self& security_headers(SecurityHeaders headers = {}) {
    headers.check();
    around().set(std::move(headers));
    return self();
  }

  // The most content, in bytes, of the routes below that do not say it themselves; see
  // prefork::body_limit. Before those routes.
  Self& body_limit(std::uint64_t bytes) {
    self().table().set_body_limit(self().place(), bytes);
    return self();
  }
  // Which threads of the pool run the handlers below, of routes that do not say it themselves; see
  // prefork::on_pool. Before those routes.
  Self& pool(OnPool pool) {
    self().table().set_pool(self().place(), pool);
    return self();
  }

 protected:
  RouteList() = default;
  ~RouteList() = default;

 private:
  Self& self() { return static_cast<Self&>(*this); }
  Around& around() { return self().place().around; }

  template <typename Function>
  static Function checked(Function function, const char* what) {
    if (!function) {
      throw std::invalid_argument(std::string(what) + ": the function is none");
    }
    return function;
  }

  template <typename What, std::size_t... kBeforeHandler>
  void add(std::string_view method, std::string_view pattern, What what,
           std::index_sequence<kBeforeHandler...>) {
    if constexpr (detail::is_a_plan<std::tuple_element_t<kBeforeHandler, What>...>()) {
      using Handler = std::tuple_element_t<sizeof...(kBeforeHandler), What>;
      RoutePlan plan;
      (plan.set(std::get<kBeforeHandler>(what)), ...);
      auto handler = std::forward<Handler>(std::get<sizeof...(kBeforeHandler)>(what));
      if constexpr ((detail::kIsOneOf<std::tuple_element_t<kBeforeHandler, What>, Deferred> ||
                     ...)) {
        self().table().add(self().place(), method, pattern, plan,
                           {.deferred = detail::make_deferred(std::move(handler))});
      } else if constexpr (detail::CoroutineHandler<std::remove_cvref_t<Handler>>) {
        static_assert(
            !(detail::kIsOneOf<std::tuple_element_t<kBeforeHandler, What>, OnPool> || ...),
            "a handler that is a coroutine runs on the event loop: without on_pool()");
        plan.run_on = PREFORK_DEFERRED;
        self().table().add(self().place(), method, pattern, plan,
                           {.coroutine = detail::make_coroutine(std::move(handler))});
      } else {
        self().table().add(self().place(), method, pattern, plan,
                           {.at_once = detail::make_handler(std::move(handler))});
      }
    }
  }
};

}  // namespace v1
}  // namespace prefork
