#include "workers/loading/loaded_application.h"

#include <utility>

namespace prefork::loading {

LoadedApplication::LoadedApplication(const child::ChildContext& context)
    : native_(context.preloaded) {
  if (!context.preload_problem.empty()) {
    throw ApplicationFailed(context.preload_problem);
  }
  if (native_ != nullptr) {
    return;
  }
  auto loaded = native::NativeApplication::load(
      {context.options.target.path, context.sealed_application}, context.options.application,
      [&log = context.log](config::LogLevel level, std::string_view line) {
        log.write(level, line);
      });
  if (!loaded.ok()) {
    throw ApplicationFailed(loaded.problem().text);
  }
  own_ = std::move(loaded).value();
  native_ = own_.get();
}

}  // namespace prefork::loading
