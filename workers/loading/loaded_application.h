// The application of a process, loaded from its file or, with --preload, by its fork server before.
#pragma once

#include <memory>
#include <stdexcept>

#include "server/native/native_application.h"
#include "workers/child/child_context.h"

namespace prefork::loading {

// The application is at fault: nobody should try again before it is another one.
class ApplicationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class LoadedApplication {
 public:
  // `context` outlives it. Throws ApplicationFailed.
  explicit LoadedApplication(const child::ChildContext& context);

  [[nodiscard]] native::NativeApplication& get() const { return *native_; }

 private:
  std::unique_ptr<native::NativeApplication> own_;  // null: it is the fork server's
  native::NativeApplication* native_;
};

}  // namespace prefork::loading
