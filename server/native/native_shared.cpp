#include "server/native/native_shared.h"

#include <algorithm>

#include "server/native/native_application.h"
#include "server/native/native_response.h"

namespace prefork::native {

namespace {

const std::string kWrongName = "a name has letters, digits and underscores, at most " +
                               std::to_string(ipc::kMaxNumberNameBytes) + ", and no digit first";

// Also of another kind: readers show them together.
bool is_declared(const SharedNumbers& numbers, std::string_view name) {
  return std::any_of(numbers.names.begin(), numbers.names.end(),
                     [name](const ipc::NumberName& known) { return known.text == name; }) ||
         std::any_of(numbers.histograms.begin(), numbers.histograms.end(),
                     [name](const ipc::HistogramShape& known) { return known.name == name; });
}

prefork_status refuse(prefork_app* app, std::string_view name, const std::string& why) {
  app->failure = "number '" + std::string(name) + "': " + why;
  return PREFORK_WRONG;
}

prefork_status declare_number(prefork_app* app, prefork_number_kind kind, prefork_text text,
                              std::uint32_t* number) {
  const std::string_view name = to_view(text);
  std::vector<ipc::NumberName>& names = app->numbers.names;
  if (app->is_loaded) {
    return refuse(app, name, "numbers are declared while the application is loaded");
  }
  if (!ipc::is_number_name(name)) {
    return refuse(app, name, kWrongName);
  }
  if (kind != PREFORK_COUNTER && kind != PREFORK_GAUGE) {
    return refuse(app, name, "neither a counter nor a gauge");
  }
  if (names.size() == ipc::kMaxAppNumbers) {
    return refuse(app, name, "there are " + std::to_string(ipc::kMaxAppNumbers) + " already");
  }
  if (is_declared(app->numbers, name)) {
    return refuse(app, name, "declared twice");
  }
  *number = static_cast<std::uint32_t>(names.size());
  names.push_back({static_cast<ipc::NumberKind>(kind), std::string(name)});
  return PREFORK_OK;
}

prefork_status declare_histogram(prefork_app* app, prefork_text text, const double* steps,
                                 std::size_t count, std::uint32_t* histogram) {
  const std::string_view name = to_view(text);
  std::vector<ipc::HistogramShape>& known = app->numbers.histograms;
  if (app->is_loaded) {
    return refuse(app, name, "histograms are declared while the application is loaded");
  }
  if (!ipc::is_number_name(name)) {
    return refuse(app, name, kWrongName);
  }
  if (steps == nullptr || !ipc::are_histogram_steps({steps, count})) {
    return refuse(app, name,
                  "a histogram has 1 to " + std::to_string(ipc::kMaxHistogramSteps) +
                      " finite steps, each larger than the one before");
  }
  if (known.size() == ipc::kMaxAppHistograms) {
    return refuse(app, name,
                  "there are " + std::to_string(ipc::kMaxAppHistograms) + " histograms already");
  }
  if (is_declared(app->numbers, name)) {
    return refuse(app, name, "declared twice");
  }
  *histogram = static_cast<std::uint32_t>(known.size());
  known.push_back({std::string(name), {steps, steps + count}});
  return PREFORK_OK;
}

prefork_status observe(prefork_app* app, std::uint32_t histogram, double value) {
  const SharedPlace* const place = app->numbers.place;
  if (place == nullptr || histogram >= app->numbers.histograms.size()) {
    return PREFORK_WRONG;
  }
  place->segment.record(place->record).app_numbers.histograms().at(histogram).observe(value);
  return PREFORK_OK;
}

// This worker's part of a number, or null.
ipc::AppNumber* own_part(prefork_app* app, std::uint32_t number) {
  const SharedPlace* const place = app->numbers.place;
  if (place == nullptr || number >= app->numbers.names.size()) {
    return nullptr;
  }
  return &place->segment.record(place->record).app_numbers.at(number);
}

prefork_status add_number(prefork_app* app, std::uint32_t number, std::int64_t amount) {
  ipc::AppNumber* const part = own_part(app, number);
  if (part == nullptr ||
      (amount < 0 && app->numbers.names[number].kind == ipc::NumberKind::counter)) {
    return PREFORK_WRONG;
  }
  part->add(amount);
  return PREFORK_OK;
}

prefork_status set_number(prefork_app* app, std::uint32_t number, std::int64_t value) {
  ipc::AppNumber* const part = own_part(app, number);
  if (part == nullptr || app->numbers.names[number].kind != ipc::NumberKind::gauge) {
    return PREFORK_WRONG;
  }
  part->set(value);
  return PREFORK_OK;
}

std::int64_t sum_number(prefork_app* app, std::uint32_t number) {
  const SharedPlace* const place = app->numbers.place;
  if (place == nullptr || number >= app->numbers.names.size()) {
    return 0;
  }
  const ipc::NumberName& name = app->numbers.names[number];
  const ipc::Segment& segment = place->segment;
  std::int64_t sum = 0;
  const auto add = [&sum, &name](const ipc::WorkerRecord& record) {
    if (const ipc::AppNumber* const part = record.app_numbers.find(name.kind, name.text)) {
      sum += part->get();
    }
  };
  segment.read_consistently([&] {
    sum = 0;
    add(segment.retired());
    for (std::uint32_t slot = 0; slot < segment.slots_in_use(); ++slot) {
      for (std::uint32_t seat = 0; seat < ipc::kSeatsPerSlot; ++seat) {
        add(segment.record({slot, seat}));
      }
    }
  });
  return sum;
}

int is_leader(prefork_app* app) {
  const SharedPlace* const place = app->numbers.place;
  return place != nullptr && place->leadership.is_held() ? 1 : 0;
}

std::uint64_t leader_token(prefork_app* app) {
  const SharedPlace* const place = app->numbers.place;
  return place != nullptr ? place->leadership.token() : 0;
}

}  // namespace

void bind(SharedNumbers& numbers, const SharedPlace& place) {
  ipc::AppNumbers& own = place.segment.record(place.record).app_numbers;
  for (std::size_t i = 0; i < numbers.names.size(); ++i) {
    own.at(i).declare(numbers.names[i].kind, numbers.names[i].text);
  }
  for (std::size_t i = 0; i < numbers.histograms.size(); ++i) {
    own.histograms().at(i).declare(numbers.histograms[i]);
  }
  numbers.place = &place;
}

void add_shared_functions(prefork_api& api) {
  api.declare_number = declare_number;
  api.add_number = add_number;
  api.set_number = set_number;
  api.sum_number = sum_number;
  api.is_leader = is_leader;
  api.leader_token = leader_token;
  api.declare_histogram = declare_histogram;
  api.observe = observe;
}

}  // namespace prefork::native
