// Included by each of these headers before anything else: what is compiled as an older C++ than
// theirs is told so in one sentence, instead of at each thing that it does not know.
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error \
    "the headers of prefork-server are C++20: compile with -std=c++20 (g++ 12, clang++ 14 or newer)"
#include <prefork/compiled_without_std_c++20>  // there is none, which ends the compilation here
#endif
