// What is answered where nobody answers: 404, 405, the 204 of OPTIONS, and 503 where a
// route is banned. Any thread.
#pragma once

#include <string>

#include "server/exchange/application.h"
#include "server/http/response.h"

namespace prefork::exchange {

// `match` has no handler.
void answer_unrouted(const RouteMatch& match, http::Response& response);

// The answer in place of that of a handler that failed. `why`: for its author (--reload).
void answer_failed(std::string why, http::Response& response);

}  // namespace prefork::exchange
