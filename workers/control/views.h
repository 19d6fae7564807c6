// What preforkctl shows of a server's reports, as text for people or JSON for programs. Pure: JSON
// in, text out; what a report lacks (another version has made it) is shown as a dash.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "workers/control/failure.h"

namespace prefork::control {

using Json = nlohmann::ordered_json;

// Null where there is no such thing. `path`: "/connections/active".
const Json* find_value(const Json& report, const std::string& path);
// 0 where there is none.
double number_at(const Json& report, const std::string& path);
// "-" where there is none.
std::string text_at(const Json& report, const std::string& path);

// Requests that the worker has begun to serve and not finished.
std::uint64_t in_hand(const Json& worker);
// "3d 4h", "2h 5m", "12.4s".
std::string span_text(double seconds);
// "1.5 ms", "2.30 s".
std::string latency_text(double microseconds);
// "4.2M"; "-" of nothing.
std::string bytes_text(const Json* bytes);

// Empty: it serves. Else why not.
std::string why_not_serving(const Json& report);

std::string status_text(const Json& report);
std::string workers_text(const Json& report);
std::string config_text(const Json& options);
std::string last_words_text(const Json& report);

// With --json.
Json status_json(const Json& report);

}  // namespace prefork::control
