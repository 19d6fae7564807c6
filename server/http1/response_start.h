// What every response of a process begins with: the fields that go with all of them, and the same
// behind the status line of the most frequent answer, in one piece that is made once a second. One
// thread: the event loop.
#pragma once

#include <string>
#include <string_view>

#include "server/http/date_cache.h"
#include "server/http/field_list.h"

namespace prefork::http1 {

class ResponseStart {
 public:
  // `fields` outlives it.
  explicit ResponseStart(http::DateCache& fields);

  // With the present second.
  struct Text {
    const http::FieldList& fields;
    std::string_view ok;  // "HTTP/1.1 200 OK\r\n" and the fields
  };
  Text refreshed();

 private:
  void compose();

  http::DateCache& fields_;
  std::string ok_;
};

}  // namespace prefork::http1
