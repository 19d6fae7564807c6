#include "workers/observer/metric_text.h"

#include <array>
#include <charconv>
#include <system_error>

#include "ipc/log/log_text.h"

namespace prefork::observer {

namespace {

// Of help texts and of labels' values alike; the quotes need it in the latter alone, and harm in
// neither.
void append_escaped(std::string& to, std::string_view text, bool is_quoted) {
  for (const char c : text) {
    if (c == '\\') {
      to += "\\\\";
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '"' && is_quoted) {
      to += "\\\"";
    } else {
      to += c;
    }
  }
}

std::string_view name_of(MetricText::Type type, MetricFormat format) {
  switch (type) {
    case MetricText::Type::counter:
      return "counter";
    case MetricText::Type::gauge:
      return "gauge";
    case MetricText::Type::histogram:
      return "histogram";
    case MetricText::Type::info:
      return format == MetricFormat::open_metrics ? "info" : "gauge";
  }
  return "untyped";
}

std::string_view ending_of(MetricText::Type type) {
  switch (type) {
    case MetricText::Type::counter:
      return "_total";
    case MetricText::Type::info:
      return "_info";
    default:
      return "";
  }
}

template <typename Number>
void append_number(std::string& to, Number value) {
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  to.append(digits.data(), written.ptr);
}

}  // namespace

std::string_view content_type_of(MetricFormat format) {
  return format == MetricFormat::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

void MetricText::family(Type type, std::string_view name, std::string_view help) {
  name_ = name;
  ending_ = ending_of(type);
  // OpenMetrics names the family, the other format its samples.
  const std::string_view shown = format_ == MetricFormat::open_metrics ? "" : ending_;
  text_.append("# HELP ").append(name).append(shown).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(shown).append(" ");
  text_.append(name_of(type, format_)).append("\n");
}

void MetricText::begin_sample(std::string_view ending, Labels labels, std::string_view bound) {
  text_.append(name_).append(ending);
  char before = '{';
  const auto append_label = [&](std::string_view name, std::string_view value) {
    text_ += before;
    std::string readable;  // a pattern may hold bytes that are not UTF-8
    ipc::append_readable(readable, value);
    text_.append(name).append("=\"");
    append_escaped(text_, readable, true);
    text_ += '"';
    before = ',';
  };
  for (const auto& [name, value] : labels) {
    append_label(name, value);
  }
  if (!bound.empty()) {
    append_label("le", bound);
  }
  text_.append(before == ',' ? "} " : " ");
}

void MetricText::sample(Labels labels, std::uint64_t value) {
  begin_sample(ending_, labels);
  append_number(text_, value);
  text_ += '\n';
}

void MetricText::sample(Labels labels, std::int64_t value) {
  begin_sample(ending_, labels);
  append_number(text_, value);
  text_ += '\n';
}

void MetricText::sample(Labels labels, double value) {
  begin_sample(ending_, labels);
  append_number(text_, value);
  text_ += '\n';
}

void MetricText::bucket(Labels labels, std::string_view bound, std::uint64_t count) {
  begin_sample("_bucket", labels, bound);
  append_number(text_, count);
  text_ += '\n';
}

void MetricText::histogram_end(Labels labels, double sum, std::uint64_t count) {
  begin_sample("_sum", labels);
  append_number(text_, sum);
  text_ += '\n';
  begin_sample("_count", labels);
  append_number(text_, count);
  text_ += '\n';
}

void MetricText::histogram(Labels labels, const ipc::HistogramShape& shape,
                           const ipc::HistogramValues& values) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < shape.steps.size(); ++i) {
    count += values.buckets[i];
    bucket(labels, bound_text(shape.steps[i]), count);
  }
  count += values.buckets.back();
  bucket(labels, "+Inf", count);
  histogram_end(labels, values.sum, count);
}

// OpenMetrics wants a floating-point number where the other format has always taken whole ones.
std::string MetricText::bound_text(double bound) const {
  std::string text;
  std::array<char, 32> digits{};
  char* const end = digits.data() + digits.size();
  auto written = std::to_chars(digits.data(), end, bound, std::chars_format::fixed);
  if (written.ec != std::errc()) {
    written = std::to_chars(digits.data(), end, bound);  // 1e+40
  }
  text.assign(digits.data(), written.ptr);
  if (format_ == MetricFormat::open_metrics && text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::string MetricText::take() {
  if (format_ == MetricFormat::open_metrics) {
    text_ += "# EOF\n";
  }
  return std::move(text_);
}

}  // namespace prefork::observer
