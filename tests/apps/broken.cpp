// Applications that cannot be loaded, one for each value of PREFORK_BROKEN.
#include <prefork/app.hpp>

#if PREFORK_BROKEN == 1  // the wrong version
extern "C" {
extern PREFORK_EXPORT const uint32_t prefork_abi_version;
const uint32_t prefork_abi_version = 999;
PREFORK_EXPORT int prefork_load(const prefork_api*, prefork_app*) { return 0; }
}
#elif PREFORK_BROKEN == 2   // no entry point
extern "C" PREFORK_EXPORT int something_else() { return 0; }
#elif PREFORK_BROKEN == 3   // throws
PREFORK_APP(app) {
  static_cast<void>(app);
  throw std::runtime_error("no licence file");
}
#elif PREFORK_BROKEN == 4   // the same route twice
PREFORK_APP(app) {
  app.get("/a/{x}", [](const prefork::Request&) { return prefork::text(""); });
  app.get("/a/{y}", [](const prefork::Request&) { return prefork::text(""); });
}
#elif PREFORK_BROKEN == 5   // a symbol that nobody has
extern "C" int prefork_test_symbol_that_nobody_has();
PREFORK_APP(app) {
  app.get("/", [](const prefork::Request&) {
    return prefork::text(std::to_string(prefork_test_symbol_that_nobody_has()));
  });
}
#elif PREFORK_BROKEN == 6   // a folder that is not there
PREFORK_APP(app) { app.mount("/assets", "/nowhere/at/all"); }
#elif PREFORK_BROKEN == 7   // a number without a name
PREFORK_APP(app) { app.counter("7 dwarfs"); }
#elif PREFORK_BROKEN == 8   // crashes
PREFORK_APP(app) {
  static_cast<void>(app);
  __builtin_trap();
}
#elif PREFORK_BROKEN == 9   // a handler that is none
PREFORK_APP(app) { app.get("/x", prefork::App::Handler{}); }
#elif PREFORK_BROKEN == 10  // passes on what it was told
PREFORK_APP(app) {
  try {
    app.mount("assets", ".");
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("I was told: ") + error.what());
  }
}
#endif
