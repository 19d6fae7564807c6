#include "server/native/native_things.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "server/native/native_application.h"
#include "server/native/native_response.h"
#include "server/native/running_function.h"

namespace prefork::native {

namespace {

prefork_status declare_thing(prefork_app* app, const prefork_thing* wanted, std::uint32_t* thing) {
  if (app->is_loaded || wanted->size < sizeof *wanted) {
    app->failure = "what workers share is declared while the application is loaded";
    return PREFORK_WRONG;
  }
  ipc::SharedSpec spec{static_cast<ipc::SharedKind>(wanted->kind),
                       std::string(to_view(wanted->name)), wanted->count, wanted->bytes,
                       wanted->interval_ns};
  std::string fault = find_fault(spec);
  auto& list = app->things.list;
  if (fault.empty() && std::any_of(list.begin(), list.end(), [&spec](const auto& known) {
        return known.spec.name == spec.name;
      })) {
    fault = "declared twice";
  }
  if (!fault.empty()) {
    app->failure = name_of(spec) + ": " + fault;
    return PREFORK_WRONG;
  }
  *thing = static_cast<std::uint32_t>(list.size());
  list.push_back({std::move(spec), nullptr, {}});
  return PREFORK_OK;
}

}  // namespace

std::string name_of(const ipc::SharedSpec& spec) {
  const std::string_view kind = to_string(spec.kind);
  return std::string(kind.empty() ? "shared" : kind) + " '" + spec.name + "'";
}

void bind(SharedThings& things, ipc::SharedTable& table) {
  for (ipc::SharedTable::Entry& thing : things.list) {
    auto found = table.find_or_make(thing.spec);
    if (!found.problem.empty()) {
      throw std::runtime_error(name_of(thing.spec) + ": " + found.problem);
    }
    thing = std::move(found.entry);
  }
  things.news = &table.news();
}

const ipc::SharedTable::Entry* find_thing(const prefork_app* app, std::uint32_t number,
                                          ipc::SharedKind kind) {
  const auto& list = app->things.list;
  return number < list.size() && list[number].spec.kind == kind && list[number].memory != nullptr
             ? &list[number]
             : nullptr;
}

bool must_not_wait(const prefork_app* app, const ipc::SharedTable::Entry& thing,
                   std::uint64_t timeout_ns) {
  if (timeout_ns == 0 || !is_loop_thread()) {
    return false;
  }
  app->report(config::LogLevel::error,
              name_of_running_function() + " wanted to wait for the " + name_of(thing.spec) +
                  " on the event loop, where every connection of the worker would wait with it: it "
                  "was refused; let it run on the pool, or only try");
  return true;
}

prefork_status to_status(ipc::Outcome outcome) {
  switch (outcome) {
    case ipc::Outcome::done:
      return PREFORK_OK;
    case ipc::Outcome::owner_died:
      return PREFORK_OWNER_DIED;
    case ipc::Outcome::timed_out:
      return PREFORK_TIMEOUT;
    case ipc::Outcome::not_owner:
      break;
  }
  return PREFORK_WRONG;
}

void add_thing_functions(prefork_api& api) {
  api.declare_thing = declare_thing;
  add_lock_functions(api);
  add_store_functions(api);
}

}  // namespace prefork::native
