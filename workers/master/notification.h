// What --notify-fd is told once the server is ready: for supervisors that wait for readiness (s6's
// notification-fd) and for tests.
#pragma once

#include <string>

#include "workers/master/serving_plan.h"

namespace prefork::master {

// Addresses, a line each, then the word.
std::string notification_text(const ServingPlan& plan);

// In one write, then the end of the file. 0, or the error number; nothing happens when nobody wants
// to be told.
int notify(const ServingPlan& plan);

}  // namespace prefork::master
