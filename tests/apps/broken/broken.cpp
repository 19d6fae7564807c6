// Applications that cannot be loaded, of those that are: prefork_broken_kind (kind.c) says which.
// One object, as each would take as long to compile as any application.
#include <prefork/app.hpp>

#include <cstdlib>

extern "C" const int prefork_broken_kind;

PREFORK_APP(app) {
  const auto nothing = [](const prefork::Request&) { return prefork::text(""); };
  switch (prefork_broken_kind) {
    case 3:  // throws
      throw std::runtime_error("no licence file");
    case 4:  // the same route twice
      app.get("/a/{x}", nothing);
      app.get("/a/{y}", nothing);
      break;
    case 6:  // a folder that is not there
      app.mount("/assets", "/nowhere/at/all");
      break;
    case 7:  // a number without a name
      app.counter("7 dwarfs");
      break;
    case 8:  // crashes
      std::abort();
    case 9:  // a handler that is none
      app.get("/x", prefork::App::Handler{});
      break;
    case 10:  // passes on what it was told
      try {
        app.mount("assets", ".");
      } catch (const std::exception& error) {
        throw std::runtime_error(std::string("I was told: ") + error.what());
      }
      break;
    default:
      app.get("/", nothing);
  }
}
