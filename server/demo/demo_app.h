// The built-in application, so that a newcomer sees something: a welcome page that names the worker
// that answered, and the few endpoints that load tests and operators want. Lives in each worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/exchange/application.h"

namespace prefork::demo {

struct DemoIdentity {
  std::uint32_t slot = 0;
  std::int32_t pid = 0;
  std::uint32_t generation = 0;
  bool may_crash = false;      // --demo-crash: whether GET /crash exists
  std::string statistics_url;  // empty when the admin listener is off or no TCP one
};

//   GET  /            the welcome page
//   POST /            the body that was sent
//   GET  /plaintext   "Hello, World!"
//   GET  /json        {"message":"Hello, World!"}
//   any  /echo        the request as it arrived, with its body
//   GET  /cookie      (or POST) the cookies of the request, one a line
//   GET  /sleep?ms=N  blocks a pool thread for N milliseconds (at most 60,000)
//   GET  /crash       kills the worker; only with may_crash
std::unique_ptr<exchange::Application> make_demo_app(const DemoIdentity& identity);

}  // namespace prefork::demo
