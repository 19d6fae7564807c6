/* Applications that cannot be loaded, one for each value of PREFORK_BROKEN. Where nothing but the
   file itself is wrong, this is all of it; the others are in broken.cpp. */
#include <prefork/abi.h>

#if PREFORK_BROKEN == 1 /* the wrong version */
PREFORK_EXPORT const uint32_t prefork_abi_version = 999;
PREFORK_EXPORT int prefork_load(const prefork_api* api, prefork_app* app) {
  (void)api;
  (void)app;
  return 0;
}
#elif PREFORK_BROKEN == 2 /* no entry point */
PREFORK_EXPORT int something_else(void);
int something_else(void) { return 0; }
#else
extern const int prefork_broken_kind;
const int prefork_broken_kind = PREFORK_BROKEN;
#if PREFORK_BROKEN == 5 /* a symbol that nobody has */
int prefork_test_symbol_that_nobody_has(void);
int prefork_broken_use(void);
int prefork_broken_use(void) { return prefork_test_symbol_that_nobody_has(); }
#endif
#endif
