#include "server/http1/response_start.h"

#include <ctime>

#include "server/http1/status_line.h"

namespace prefork::http1 {

ResponseStart::ResponseStart(http::DateCache& fields) : fields_(fields) { compose(); }

ResponseStart::Text ResponseStart::refreshed() {
  if (fields_.refresh(std::time(nullptr))) [[unlikely]] {
    compose();
  }
  return {fields_.fields(), ok_};
}

void ResponseStart::compose() { ok_.assign(status_line(200)).append(fields_.fields().wire()); }

}  // namespace prefork::http1
