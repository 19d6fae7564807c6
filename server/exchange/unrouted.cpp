#include "server/exchange/unrouted.h"

#include <string>
#include <utility>

namespace prefork::exchange {

void answer_unrouted(const RouteMatch& match, http::Response& response) {
  if (match.status == 204) {
    response.clear();
    response.set_status(204);
  } else {
    response.set_error(match.status, {});
  }
  if (!match.allow.empty()) {
    response.add_field("Allow", match.allow.to_text());
  }
  if (match.retry_after_s != 0) {
    response.add_field("Retry-After", std::to_string(match.retry_after_s));
  }
}

void answer_failed(std::string why, http::Response& response) {
  response.set_error(500, {});
  response.error()->failure = std::move(why);
}

}  // namespace prefork::exchange
