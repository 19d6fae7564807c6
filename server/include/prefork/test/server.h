/* A server within the program of a test, in plain C, so that any compiler, sanitizer or language
 * can be on the other side: the library libprefork-test (CMake: prefork::test, pkg-config:
 * prefork-test). C++ authors use <prefork/test.hpp>, which lies on top of it.
 *
 * It is the worker of prefork-server without what surrounds that: no master, no fork, no port and
 * no network. A connection is a pair of descriptors in this process (socketpair(2)), and what goes
 * over it is HTTP/1.1, read and written by the same code as in the server, with the same limits and
 * times. Its threads block all signals. A program may have several at once.
 */
#ifndef PREFORK_TEST_SERVER_H
#define PREFORK_TEST_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <prefork/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct prefork_test prefork_test;

typedef struct prefork_test_setup {
  size_t size;
  /* The application, where it is linked into this program: what prefork_load would be. Called once,
   * by the thread of the server, before prefork_test_start returns. NULL: `target` names one. */
  int (*load)(void* user_data, const prefork_api* api, prefork_app* app);
  void* user_data;
  prefork_text target; /* without `load`: a shared object, or a folder of files */
  /* As on the command line of prefork-server: "--limit-body", "1k". What concerns processes and
   * listening has no effect: there is one worker, and it leads. */
  const prefork_text* arguments;
  size_t argument_count;
} prefork_test_setup;

/* Loads the application, calls its hooks and serves. NULL: it cannot, and `problem`, with room for
 * so many bytes, has the reason, ended by NUL and cut to the room. Any thread. */
PREFORK_EXPORT prefork_test* prefork_test_start(const prefork_test_setup* setup, char* problem,
                                                size_t room);

/* The client's end of a new connection, the caller's to close; -1 with errno when there is no
 * descriptor. Any thread. */
PREFORK_EXPORT int prefork_test_connect(prefork_test* test);

/* The log so far: copies what there is behind the first `offset` bytes of it, as much as fits, and
 * returns how much that was. Waits for some at most so long where there is none. Lines that were
 * written before an answer was sent are there with the answer. Any thread. */
PREFORK_EXPORT size_t prefork_test_read_log(prefork_test* test, size_t offset, char* text,
                                            size_t room, uint64_t patience_ms);

/* Ends it as a worker ends: it drains, for --timeout-graceful-shutdown at most, waits for handlers
 * on the pool, calls the hooks of the application and lets it go (prefork_hooks.unload). No other
 * thread may use it then. */
PREFORK_EXPORT void prefork_test_stop(prefork_test* test);

#ifdef __cplusplus
}
#endif

#endif /* PREFORK_TEST_SERVER_H */
