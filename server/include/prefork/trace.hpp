// The trace that a request is part of, and its own span in it (W3C Trace Context, --trace). A cheap
// value whose views end with the request. Any thread.
#pragma once

#include <prefork/cxx20.hpp>

#include <string_view>

#include <prefork/abi.h>

namespace prefork {
inline namespace v1 {

namespace detail {

inline std::string_view view(prefork_text text) {
  return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}
inline prefork_text text(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace detail

class Trace {
 public:
  // For the layer below. `trace` may be null.
  Trace(const prefork_api& api, const prefork_trace* trace) : api_(&api), trace_(trace) {}

  // False with --trace off: everything below is empty then, and attributes go nowhere.
  explicit operator bool() const { return trace_ != nullptr; }

  // In lower-case hexadecimal, 32 and 16 characters.
  std::string_view trace_id() const { return of(&prefork_trace::trace_id); }
  std::string_view span_id() const { return of(&prefork_trace::span_id); }
  // The span of who called; empty: nobody said.
  std::string_view parent_id() const { return of(&prefork_trace::parent_id); }
  // The caller records the trace, or nobody called and this server does.
  bool is_sampled() const { return trace_ != nullptr && trace_->is_sampled != 0; }

  // The values of these two headers for requests to other services on behalf of this one. The
  // second one is left out where it is empty.
  std::string_view traceparent() const { return of(&prefork_trace::traceparent); }
  std::string_view tracestate() const { return of(&prefork_trace::tracestate); }

  // Goes with the span of this request to the collector (--trace otlp). At most 8, names of 1 to 64
  // bytes, values of at most 128; a known name gets another value. False: it was not taken.
  bool attribute(std::string_view name, std::string_view value) const {
    return trace_ != nullptr &&
           api_->set_attribute(trace_, detail::text(name), detail::text(value)) == PREFORK_OK;
  }

 private:
  std::string_view of(prefork_text prefork_trace::*member) const {
    return trace_ != nullptr ? detail::view(trace_->*member) : std::string_view{};
  }

  const prefork_api* api_;
  const prefork_trace* trace_;
};

}  // namespace v1
}  // namespace prefork
