// What a pre-fork server is for: each of these ends the worker it happens in and no other. The
// master starts another one, and its log names the request.
//
//   prefork-server ./libcrash.so --workers 2 & curl localhost:8000/null
#include <cstdlib>
#include <prefork/app.hpp>
#include <stdexcept>
#include <thread>

namespace {

// Compilers do not look through it.
int* volatile nowhere = nullptr;

// Calls itself until the thread has no stack left.
int sink(volatile int* above) {
  volatile int room[1024] = {};
  room[0] = *above + 1;
  return room[0] < 0 ? 0 : sink(room) + room[0];
}

}  // namespace

PREFORK_APP(app) {
  app.get("/", prefork::on_loop, [](const prefork::Request&) { return prefork::text("alive\n"); });

  app.get("/null", [](const prefork::Request&) { return prefork::text(std::to_string(*nowhere)); });
  app.get("/null-on-the-loop", prefork::on_loop,
          [](const prefork::Request&) { return prefork::text(std::to_string(*nowhere)); });
  app.get("/abort", [](const prefork::Request&) -> prefork::Response { std::abort(); });
  app.get("/overflow", [](const prefork::Request&) {
    volatile int start = 0;
    return prefork::text(std::to_string(sink(&start)));
  });
  // In a handler an exception is a 500. In a thread that the application started itself nobody
  // catches it.
  app.get("/thread", [](const prefork::Request&) {
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
    return prefork::text("not reached");
  });
  app.get("/exit", [](const prefork::Request&) -> prefork::Response { std::exit(7); });
}
