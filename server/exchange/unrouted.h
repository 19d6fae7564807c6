// What is answered where nobody answers: 404, 405 and the 204 of OPTIONS. Any thread.
#pragma once

#include "server/exchange/application.h"
#include "server/http/response.h"

namespace prefork::exchange {

// `match` has no handler.
void answer_unrouted(const RouteMatch& match, http::Response& response);

}  // namespace prefork::exchange
