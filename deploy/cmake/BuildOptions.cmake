# How everything is compiled: language, optimisation, hardening, warnings, sanitizers, coverage.

option(PREFORK_DEVELOPER "Build the tests and treat warnings as errors" OFF)
set(PREFORK_SANITIZE "" CACHE STRING "Sanitizers: empty, address,undefined or thread")
option(PREFORK_COVERAGE "Instrument for gcov" OFF)
option(PREFORK_PROFILE "Optimise by the profile of a training run; needs g++ and curl" OFF)
option(PREFORK_RECORDS_PROFILE "Be what that run is made with" OFF)
mark_as_advanced(PREFORK_RECORDS_PROFILE)
option(PREFORK_FUZZERS "Build the fuzzers of tests/fuzz; needs clang" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# A second build of the same source costs next to nothing where ccache is installed.
find_program(PREFORK_CCACHE ccache)
mark_as_advanced(PREFORK_CCACHE)
if(PREFORK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${PREFORK_CCACHE}")
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PREFORK_SANITIZE AND NOT PREFORK_COVERAGE)
  # -O2 rather than CMake's -O3: smaller and no slower here. -g1 keeps function names and lines for
  # backtraces. The hardening is the part of a distribution's that no benchmark of ours can see.
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
  string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
  add_compile_options(-g1 -fno-plt -fno-semantic-interposition -fstack-protector-strong)
  add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
  # A distribution's compiler may define the level itself, and two different ones are a warning.
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)

  include(CheckIPOSupported)
  check_ipo_supported(RESULT prefork_ipo_supported LANGUAGES CXX OUTPUT prefork_ipo_output)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${prefork_ipo_supported})
  if(prefork_ipo_supported AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Some of what is done about it is for g++ alone.
    set(prefork_gcc_ipo ON)
    add_link_options(-flto=auto)
  endif()
endif()

include(Profile)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

if(PREFORK_SANITIZE)
  set(prefork_sanitizers "" "address" "undefined" "address,undefined" "thread")
  if(NOT PREFORK_SANITIZE IN_LIST prefork_sanitizers)
    message(FATAL_ERROR "PREFORK_SANITIZE is '${PREFORK_SANITIZE}'; use address,undefined or thread")
  endif()
  add_compile_options(-fsanitize=${PREFORK_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -Og -g1)
  add_link_options(-fsanitize=${PREFORK_SANITIZE})
  if(PREFORK_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What is undefined ends as an illegal instruction (with handle_sigill=1 AddressSanitizer says in
    # which line). The sentences instead would be 24 MB of data in the server, which each start has to
    # relocate and each search for leaks to read.
    add_compile_options(-fsanitize-undefined-trap-on-error)
  endif()
  # A child that leaves by _exit skips the leak check: the program asks for it where this is defined.
  add_compile_definitions(PREFORK_SANITIZE_BUILD)
endif()

if(PREFORK_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "PREFORK_FUZZERS needs clang: libFuzzer is part of it (preset `fuzz`)")
  endif()
  # The code under test reports where it goes; the fuzzers link the engine that listens.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
  add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
endif()

if(PREFORK_COVERAGE)
  add_compile_options(--coverage -O0 -g)
  add_link_options(--coverage)
endif()
if(PREFORK_COVERAGE OR PREFORK_RECORDS_PROFILE)
  # A child that leaves by _exit writes no counters: the program asks for it where this is defined.
  add_compile_definitions(PREFORK_COVERAGE_BUILD)
endif()

if(PREFORK_DEVELOPER)
  # `cmake --compile-no-warning-as-error` lifts this for a compiler that knows more warnings.
  set(CMAKE_COMPILE_WARNING_AS_ERROR ON)
  add_compile_options(
    $<$<COMPILE_LANGUAGE:CXX>:-Wall>
    $<$<COMPILE_LANGUAGE:CXX>:-Wextra>
    $<$<COMPILE_LANGUAGE:CXX>:-Wpedantic>
    $<$<COMPILE_LANGUAGE:CXX>:-Wshadow>
    $<$<COMPILE_LANGUAGE:CXX>:-Wconversion>
    $<$<COMPILE_LANGUAGE:CXX>:-Wsign-conversion>
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
    $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnull-dereference>)
  if(PREFORK_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC loses track of values in instrumented code, and says of Asio's fences that ThreadSanitizer
    # does not follow them. The release build, uninstrumented, has these warnings.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>
                        $<$<COMPILE_LANGUAGE:CXX>:-Wno-null-dereference>)
    if(PREFORK_SANITIZE STREQUAL "thread")
      add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan>)
    endif()
  endif()
endif()
