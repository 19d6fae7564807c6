// Places where a tracer may look into a running server: user-space static probes (USDT), each one
// no-operation instruction until somebody attaches (bpftrace(8), perf-probe(1), SystemTap). There
// are none where <sys/sdt.h> (systemtap-sdt-dev) was not there when the program was built.
// Arguments are numbers and pointers that the caller has anyway; a tracer reads what they point to
// while the probe lasts. deploy/bpftrace/ has a script for each.
#pragma once

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PREFORK_PROBE1(name, a) DTRACE_PROBE1(prefork, name, a)
#define PREFORK_PROBE2(name, a, b) DTRACE_PROBE2(prefork, name, a, b)
#define PREFORK_PROBE4(name, a, b, c, d) DTRACE_PROBE4(prefork, name, a, b, c, d)
#define PREFORK_PROBE5(name, a, b, c, d, e) DTRACE_PROBE5(prefork, name, a, b, c, d, e)
#endif
#endif

#if !defined(PREFORK_PROBE1)
#define PREFORK_PROBE1(name, a) static_cast<void>(0)
#define PREFORK_PROBE2(name, a, b) static_cast<void>(0)
#define PREFORK_PROBE4(name, a, b, c, d) static_cast<void>(0)
#define PREFORK_PROBE5(name, a, b, c, d, e) static_cast<void>(0)
#endif
