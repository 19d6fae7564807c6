// A request, as handlers see it. Cheap to copy. Every view lives as long as the request: until the
// handler returns, however it was copied; that of a deferred handler as long as there is a copy of
// it. One thread at a time.
#pragma once

#include <prefork/cxx20.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>
#include <version>

#ifdef __cpp_lib_jthread
#include <stop_token>
#endif

#include <prefork/abi.h>
#include <prefork/error.hpp>
#include <prefork/state.hpp>
#include <prefork/trace.hpp>
#include <prefork/values.hpp>

namespace prefork {
inline namespace v1 {

// One field of the header section (RFC 9110 section 5); views that end with the request.
struct Field {
  std::string_view name;  // as sent; names compare without case
  std::string_view value;
};

namespace detail {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

inline bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// Keeps the request of a deferred handler: the copies of a Request share it.
class Hold {
 public:
  Hold() = default;
  Hold(const prefork_api& api, prefork_call* call) : api_(&api), call_(call) {
    if (call_ != nullptr && api_->hold(call_) != PREFORK_OK) {
      call_ = nullptr;  // it cannot be held
    }
  }
  Hold(const Hold& other) : api_(other.api_), call_(other.call_) {
    if (call_ != nullptr) {
      api_->hold(call_);
    }
  }
  Hold(Hold&& other) noexcept : api_(other.api_), call_(std::exchange(other.call_, nullptr)) {}
  Hold& operator=(Hold other) noexcept {
    std::swap(api_, other.api_);
    std::swap(call_, other.call_);
    return *this;
  }
  ~Hold() {
    if (call_ != nullptr) {
      api_->release(call_);
    }
  }

 private:
  const prefork_api* api_ = nullptr;
  prefork_call* call_ = nullptr;
};

// What a server that is older than this header does not have is null.
inline prefork_call* call_of(const prefork_api& api, const prefork_request& request) {
  const bool has_call =
      request.size >= offsetof(prefork_request, call) + sizeof(prefork_request::call);
  return has_call && PREFORK_HAS(&api, is_gone) ? request.call : nullptr;
}

inline prefork_app* app_of(const prefork_api& api, const prefork_request& request) {
  const bool has_app =
      request.size >= offsetof(prefork_request, app) + sizeof(prefork_request::app);
  return has_app && PREFORK_HAS(&api, read_topic) ? request.app : nullptr;
}

inline const prefork_trace* trace_of(const prefork_api& api, const prefork_request& request) {
  const bool has_trace =
      request.size >= offsetof(prefork_request, trace) + sizeof(prefork_request::trace);
  return has_trace && PREFORK_HAS(&api, set_attribute) ? request.trace : nullptr;
}

inline prefork_interim* interim_of(const prefork_api& api, const prefork_request& request) {
  const bool has_interim =
      request.size >= offsetof(prefork_request, interim) + sizeof(prefork_request::interim);
  return has_interim && PREFORK_HAS(&api, send_early_hints) ? request.interim : nullptr;
}

// How Request::json() reads a value; <prefork/json.hpp> says it.
template <typename Value, typename = void>
struct JsonContent {
  static_assert(sizeof(Value) == 0,
                "request.json() needs #include <prefork/json.hpp>, and nlohmann-json");
  // So that a compiler says nothing else.
  template <typename Any>
  static int of(const Any& request);
};
struct AnyJson;

}  // namespace detail

namespace detail {
class ReadSome;
}

class Request {
 public:
  // For the layer below. `api` outlives it and all its copies.
  Request(const prefork_api& api, const prefork_request& request)
      : api_(&api), request_(&request), hold_(api, detail::call_of(api, request)) {}

  // Counts the requests of this worker; with the worker's pid it names one in the log.
  std::uint64_t id() const { return request_->id; }
  // As sent, in capitals for the registered ones: "GET" (RFC 9110 section 9).
  std::string_view method() const { return detail::view(request_->method); }
  // Decoded once (RFC 3986 section 2.1) and without dot segments; control characters are refused.
  // An encoded slash is a slash in it: the parameters tell them apart.
  std::string_view path() const { return detail::view(request_->path); }
  // As sent, with the query.
  std::string_view target() const { return detail::view(request_->target); }
  // Of the target if that is absolute, else of Host (RFC 9112 section 3.3); may be empty.
  std::string_view host() const { return detail::view(request_->host); }
  // "http", or "https" if a trusted proxy says so (--forwarded-allow-ips).
  std::string_view scheme() const { return detail::view(request_->scheme); }
  // Where a proxy has mounted the server (--root-path): "/shop"; may be empty.
  std::string_view root_path() const { return detail::view(request_->root_path); }
  // Who sent it, as far as trusted proxies tell: "192.0.2.7:4711", "[2001:db8::1]:4711" or "unix".
  std::string_view client() const { return detail::view(request_->client); }

  // What stands for {name} in the route's pattern, decoded after the path was divided: of
  // "/items/a%2Fb" it is "a/b". Empty for a name it does not have.
  std::string_view parameter(std::string_view name) const {
    for (const prefork_field& field : parameters()) {
      if (detail::view(field.name) == name) {
        return detail::view(field.value);
      }
    }
    return {};
  }

  // The same as a value: a number, bool, std::string or a type of the application's own (see
  // values.hpp). One that is none, or out of range, throws Error(404): there is nothing at such a
  // path. A name that the pattern does not have throws std::logic_error.
  //
  //   const int id = request.parameter<int>("id");
  template <typename T>
  T parameter(std::string_view name) const;

  // The query as sent, without the question mark, or the first value of a name in it, decoded as a
  // form (application/x-www-form-urlencoded). Nothing: no such name. The value is a copy. Throws
  // Error(400) beyond kMaxPairs.
  std::string_view query() const { return detail::view(request_->query); }
  std::optional<std::string> query(std::string_view name) const {
    return detail::form_value(query(), name);
  }
  // The same as a value; one that is none, or out of range, throws Error(400), which names it.
  //
  //   const std::optional<int> limit = request.query<int>("limit");
  //   const int page = request.query("page", 1);
  template <typename T>
  std::optional<T> query(std::string_view name) const {
    return detail::value_of_client<T>(query(name), "query", name);
  }
  template <typename T>
  T query(std::string_view name, T otherwise) const {
    return query<T>(name).value_or(std::move(otherwise));
  }
  std::string query(std::string_view name, const char* otherwise) const {
    return query(name).value_or(otherwise);
  }
  // All values of a name, or all pairs, in their order.
  //
  //   for (const std::string& tag : request.queries("tag")) ...
  //   for (const auto& [name, value] : request.query_pairs()) ...
  std::vector<std::string> queries(std::string_view name) const {
    return detail::form_values(query(), name);
  }
  std::vector<Pair> query_pairs() const { return detail::form_pairs(query()); }

  // The value of the first field of that name, in any case, without white space at its ends.
  // Nothing: there is none. An empty value is a value.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const prefork_field& field : raw_headers()) {
      if (detail::same_ignoring_case(detail::view(field.name), name)) {
        return detail::view(field.value);
      }
    }
    return std::nullopt;
  }
  // All fields in the order they came; `index` is below header_count().
  std::size_t header_count() const { return request_->field_count; }
  Field header(std::size_t index) const {
    const prefork_field& field = request_->fields[index];
    return {detail::view(field.name), detail::view(field.value)};
  }

  // The first cookie of that name (RFC 6265 section 5.4), case counts. Nothing: there is none.
  std::optional<std::string_view> cookie(std::string_view name) const {
    for (const prefork_field& field : raw_headers()) {
      if (!detail::same_ignoring_case(detail::view(field.name), "cookie")) {
        continue;
      }
      std::string_view rest = detail::view(field.value);
      while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(';'));
        rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && detail::trimmed(pair.substr(0, equals)) == name) {
          return detail::trimmed(pair.substr(equals + 1));
        }
      }
    }
    return std::nullopt;
  }

  // The content, at most --limit-body of it, where the handler does not stream it; else empty.
  std::string_view body() const { return detail::view(request_->body); }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span<const char>(body().data(), body().size()));
  }
  // The first value of a name in a form in the body (application/x-www-form-urlencoded), decoded.
  // Content-Type is not looked at. Nothing: no such name. The value is a copy. Throws Error(400)
  // beyond kMaxPairs.
  std::optional<std::string> form(std::string_view name) const {
    return detail::form_value(body(), name);
  }
  // As those of the query.
  template <typename T>
  std::optional<T> form(std::string_view name) const {
    return detail::value_of_client<T>(form(name), "form", name);
  }
  template <typename T>
  T form(std::string_view name, T otherwise) const {
    return form<T>(name).value_or(std::move(otherwise));
  }
  std::string form(std::string_view name, const char* otherwise) const {
    return form(name).value_or(otherwise);
  }
  std::vector<std::string> forms(std::string_view name) const {
    return detail::form_values(body(), name);
  }
  std::vector<Pair> form_pairs() const { return detail::form_pairs(body()); }

  // The content as JSON, with <prefork/json.hpp> alone, which says what is refused:
  //   const nlohmann::json order = request.json();
  //   const auto order = request.json<Order>();  // by its from_json
  template <typename Value = detail::AnyJson>
  auto json() const {
    return detail::JsonContent<Value>::of(*this);
  }

  // Tells the client at once what the answer will need (103, RFC 8297), while it is still made:
  //   request.early_hints({{"Link", "</app.css>; rel=preload; as=style"}});
  // Any number of times before the answer, wherever the handler runs; afterwards it does nothing.
  // False: the client speaks HTTP/1.0, which has no such thing, or the server is older. Throws
  // std::invalid_argument for what is no field, fields of the server's own, more than 32 at once,
  // and more than 8 KiB.
  bool early_hints(std::initializer_list<Field> fields) const {
    return early_hints(std::span<const Field>(fields.begin(), fields.size()));
  }
  bool early_hints(std::span<const Field> fields) const;

  // In handlers that stream the content (prefork::upload): waits for more of it and puts 1 to
  // room.size() bytes into `room`, which must not be empty. 0: at its end. Throws
  // std::runtime_error when the rest will not come, and std::logic_error in other handlers.
  std::size_t read(std::span<char> room) const;

  // What functions before() have found out (user, session), for the handler and those after(): one
  // value of each type T, made at the first call; where T has no default constructor, by
  // emplace_state() before, or this throws std::logic_error. The reference lives as long as the
  // request; so does the value, which then ends on whatever thread ends the request. Shared by the
  // copies of a request, one thread at a time.
  //
  //   app.before([](const prefork::Request& request) {
  //     request.state<User>() = user_of(request);
  //   });
  //   app.get("/me", [](const prefork::Request& request) {
  //     return prefork::text(request.state<User>().name);
  //   });
  template <typename T>
  T& state() const;
  // Makes the value, or another one in place of the one there was.
  template <typename T, typename... Arguments>
  T& emplace_state(Arguments&&... arguments) const;
  // Null: there is none of that type.
  template <typename T>
  T* find_state() const {
    auto* const found = detail::find_state<T>(detail::state_slot_of(*request_));
    return found != nullptr && found->value ? &*found->value : nullptr;
  }

  // The same in a coroutine with prefork::upload (await.hpp), without a thread that waits.
  //
  //   std::size_t got = co_await request.read_some(room);
  detail::ReadSome read_some(std::span<char> room) const;

  // What the client of an event stream has seen last, when it comes back: Last-Event-ID (HTML
  // Living Standard, section 9.2.4).
  std::optional<std::string_view> last_event_id() const { return header("Last-Event-ID"); }

  // Whether nobody waits for the answer any more, as far as is known: the client has closed or lost
  // its connection, or the time was up. For handlers that work for long, on the pool and deferred
  // ones; on the event loop always false. Any thread.
  bool is_gone() const {
    const prefork_call* const call = detail::call_of(*api_, *request_);
    return call != nullptr && api_->is_abandoned(call) != 0;
  }

#ifdef __cpp_lib_jthread
  // Asks to stop when nobody waits for the answer any more: as is_gone(), for those that are told.
  // Any thread, while the request lives; the token may be kept for longer. On the event loop, and
  // with a server that is older, it never does. Each call makes one that costs an allocation.
  std::stop_token stop_token() const;
  // Calls `function`, once, when nobody waits for the answer any more; at once if that is so
  // already. On the event loop: it must not block. Not called any more once `watch` is destroyed,
  // which waits for a call that is under way; so `watch` lives no longer than what is used there.
  //
  //   auto watch = request.on_gone([&] { query.cancel(); });
  template <typename Function>
  [[nodiscard]] std::stop_callback<std::decay_t<Function>> on_gone(Function&& function) const {
    return std::stop_callback<std::decay_t<Function>>(stop_token(),
                                                      std::forward<Function>(function));
  }
#endif

  // Calls `function` on the pool (default class, low priority) once the answer has been sent, or
  // nobody waits for it any more. It may block. A worker that drains waits for it. Where there is
  // no room for it, or the worker stops first, it is not called, and the log says so. Any thread
  // that has the request. Throws std::runtime_error when the server is too old. It must not use the
  // request.
  void after_response(std::function<void()> function) const;

  // The trace that the request is part of (--trace): to be passed on to other services, with
  // attributes for the span. Without --trace it is empty. Ends with the request.
  Trace trace() const { return {*api_, detail::trace_of(*api_, *request_)}; }

  // For what this class does not show.
  const prefork_request& native() const { return *request_; }

 private:
  std::span<const prefork_field> raw_headers() const {
    return {request_->fields, request_->field_count};
  }
  std::span<const prefork_field> parameters() const {
    return {request_->parameters, request_->parameter_count};
  }

  const prefork_api* api_;
  const prefork_request* request_;
  detail::Hold hold_;
};

template <typename T>
T Request::parameter(std::string_view name) const {
  if constexpr (!detail::kIsValue<T>) {
    static_assert(
        detail::kNever<T>,
        "a parameter is a whole or floating number, bool, std::string, a duration of std::chrono, "
        "or a type that has `bool from_text(std::string_view, T&)` in its namespace");
  } else {
    for (const prefork_field& field : parameters()) {
      if (detail::view(field.name) == name) {
        T value{};
        if (!detail::read_value(detail::view(field.value), value)) {
          throw Error(
              404, "'" + std::string(name) + "' in the path: not " + detail::describe_value<T>());
        }
        return value;
      }
    }
    throw std::logic_error("the route has no parameter '" + std::string(name) + "'");
  }
}

template <typename T>
T& Request::state() const {
  if (T* const known = find_state<T>()) {
    return *known;
  }
  if constexpr (std::is_default_constructible_v<T>) {
    return emplace_state<T>();
  } else {
    throw std::logic_error("there is no state of the type that was asked for: emplace_state()");
  }
}

template <typename T, typename... Arguments>
T& Request::emplace_state(Arguments&&... arguments) const {
  prefork_state* const slot = detail::state_slot_of(*request_);
  auto* found = detail::find_state<T>(slot);
  if (found == nullptr) {
    found = detail::add_state<T>(slot);
  }
  return found->value.emplace(std::forward<Arguments>(arguments)...);
}

inline bool Request::early_hints(std::span<const Field> fields) const {
  prefork_interim* const interim = detail::interim_of(*api_, *request_);
  if (interim == nullptr) {
    return false;
  }
  std::vector<prefork_field> raw;
  for (const Field& field : fields) {
    raw.push_back({detail::text(field.name), detail::text(field.value)});
  }
  if (api_->send_early_hints(interim, raw.data(), raw.size()) == PREFORK_WRONG) {
    throw std::invalid_argument("early_hints(): a field that may not be sent, or too many of them");
  }
  return true;
}

inline std::size_t Request::read(std::span<char> room) const {
  if (request_->content == nullptr) {
    throw std::logic_error("read() in a handler that does not stream the content");
  }
  std::size_t got = 0;
  switch (api_->read(request_->content, room.data(), room.size(), &got)) {
    case PREFORK_OK:
      return got;
    case PREFORK_END:
      return 0;
    case PREFORK_REFUSED:
      throw std::logic_error("read() would wait on the event loop: co_await read_some()");
    default:
      throw std::runtime_error("the client ended the request early");
  }
}

namespace detail {

// What is to be done after an answer.
struct AfterResponse {
  const prefork_api& api;
  prefork_app* app;
  std::function<void()> function;

  static void answered(void* self, prefork_status /*how*/) { submit(self); }
  static void submit(void* self) {
    const auto& after = *static_cast<const AfterResponse*>(self);
    prefork_work work{};
    work.size = sizeof work;
    work.priority = PREFORK_LOW;
    work.run = run;
    work.done = done;
    work.user_data = self;
    if (after.api.submit_work(after.app, &work) != PREFORK_OK) {
      done(self, PREFORK_FULL);
    }
  }
  static void run(void* self) {
    const auto& after = *static_cast<const AfterResponse*>(self);
    try {
      after.function();
    } catch (const std::exception& error) {
      after.log(std::string("after_response(): ") + error.what());
    } catch (...) {
      after.log("after_response(): an exception that is no std::exception");
    }
  }
  static void done(void* self, prefork_status how) {
    const std::unique_ptr<const AfterResponse> after(static_cast<const AfterResponse*>(self));
    if (how != PREFORK_OK) {
      after->log("after_response(): there was no room on the pool, it was not called");
    }
  }
  void log(const std::string& line) const { api.log(app, 3, text(line)); }
};

}  // namespace detail

inline void Request::after_response(std::function<void()> function) const {
  prefork_app* const app = detail::app_of(*api_, *request_);
  if (app == nullptr) {
    throw std::runtime_error("after_response() needs a newer server than this one");
  }
  auto after = std::make_unique<detail::AfterResponse>(
      detail::AfterResponse{*api_, app, std::move(function)});
  prefork_call* const call = detail::call_of(*api_, *request_);
  const bool is_taken =
      call != nullptr
          ? api_->wait_gone(call, detail::AfterResponse::answered, after.get()) != nullptr
          : api_->post(app, detail::AfterResponse::submit, after.get()) == PREFORK_OK;
  if (!is_taken) {
    throw std::runtime_error("after_response(): too much is waiting for the event loop");
  }
  after.release();
}

#ifdef __cpp_lib_jthread
inline std::stop_token Request::stop_token() const {
  std::stop_source source;
  prefork_call* const call = detail::call_of(*api_, *request_);
  if (call != nullptr && detail::app_of(*api_, *request_) != nullptr) {
    auto kept = std::make_unique<std::stop_source>(source);
    const auto told = [](void* self, prefork_status how) {
      const std::unique_ptr<std::stop_source> mine(static_cast<std::stop_source*>(self));
      if (how == PREFORK_GONE) {
        mine->request_stop();
      }
    };
    if (api_->wait_gone(call, told, kept.get()) != nullptr) {
      kept.release();
    }
  }
  return source.get_token();
}
#endif

}  // namespace v1
}  // namespace prefork
