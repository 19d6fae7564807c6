#include "workers/observer/counter_metrics.h"

namespace prefork::observer {

void add_counters(MetricText& text, const Numbers& totals) {
  std::string_view family;
  for (const CounterMetric& metric : kCounterMetrics) {
    if (metric.family != family) {
      family = metric.family;
      text.family(MetricText::Type::counter, family, metric.help);
    }
    if (metric.label.empty()) {
      text.sample({}, totals.of(metric.counter));
    } else {
      text.sample({{metric.label, metric.value}}, totals.of(metric.counter));
    }
  }
}

}  // namespace prefork::observer
