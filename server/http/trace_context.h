// Which trace a request is part of, and as which span (W3C Trace Context, Recommendation of 2021).
// Ids are kept as they are written, in lower-case hexadecimal: they come so, and go on so to logs,
// collectors and other services. Values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/field.h"

namespace prefork::http {

// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": of the present version, always valid
// but for its initial value.
class TraceParent {
 public:
  static constexpr std::size_t kTraceBytes = 32;
  static constexpr std::size_t kSpanBytes = 16;
  static constexpr std::size_t kTextBytes = 55;

  TraceParent() = default;
  // Ids of zeros mean none, so they become other ones.
  TraceParent(std::uint64_t trace_high, std::uint64_t trace_low, std::uint64_t span,
              bool is_sampled);

  [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }
  [[nodiscard]] std::string_view trace_id() const { return text().substr(3, kTraceBytes); }
  [[nodiscard]] std::string_view span_id() const { return text().substr(36, kSpanBytes); }
  // Whoever called may have recorded its part.
  [[nodiscard]] bool is_sampled() const { return text_[54] == '1'; }

  // The same trace, another span in it.
  void set_span(std::uint64_t span);

 private:
  friend std::optional<TraceParent> parse_traceparent(std::string_view value);

  std::array<char, kTextBytes> text_{};
};

// Version 00 as it is defined; of later ones what they share with it. Nothing: it is not valid, and
// whoever reads it begins a trace of its own. Of the flags `sampled` alone is kept: others are not
// defined.
std::optional<TraceParent> parse_traceparent(std::string_view value);

// What the fields of a request say; several traceparent fields say nothing.
struct TraceFields {
  std::optional<TraceParent> parent;
  // Of the lines that `tracestate` has, in their order, as far as they are well-formed; empty where
  // there is no parent, which it belongs to.
  std::string state;
};

TraceFields find_trace(FieldView fields);

// One line of a tracestate: members of `key=value`, or empty ones.
bool is_tracestate(std::string_view line);

}  // namespace prefork::http
