// What an application says of errors: its pages, and what becomes of an answer that is one. See
// prefork_error_page in include/prefork/abi.h. Filled while the application is loaded; then any
// thread.
#pragma once

#include <map>

#include "config/base/result.h"
#include "server/http/error_pages.h"
#include "server/include/prefork/abi.h"

namespace prefork::native {

class NativeErrors {
 public:
  config::Result<void> add(const prefork_error_page& page);
  [[nodiscard]] http::ErrorPages& pages() { return pages_; }
  [[nodiscard]] const http::ErrorPages& pages() const { return pages_; }
  [[nodiscard]] bool has_functions() const { return !functions_.empty(); }

  // Gives an answer that is an error its page: what a function of the application makes, or what
  // the pages say. One that is none is left alone.
  void dress(prefork_response& answer) const;

 private:
  struct Function {
    prefork_error_handler handler;
    void* user_data;
  };

  http::ErrorPages pages_;
  std::map<int, Function> functions_;  // by status
};

// Fills in the functions of abi.h that are about errors.
void add_error_functions(prefork_api& api);

}  // namespace prefork::native
