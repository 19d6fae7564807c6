# cmake -DROOT=<source folder> -P check_readme.cmake
#
# Fails when the first application that the README prints is not the one that is built and served by
# the tests, tests/apps/hello.cpp.
cmake_minimum_required(VERSION 3.25)

file(READ "${ROOT}/README.md" readme)
file(READ "${ROOT}/tests/apps/hello.cpp" tested)
set(opening "```cpp\n")
string(FIND "${readme}" "${opening}" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "the README has no C++ in it")
endif()
string(LENGTH "${opening}" length)
math(EXPR begin "${begin} + ${length}")
string(SUBSTRING "${readme}" ${begin} -1 rest)
string(FIND "${rest}" "```" end)
string(SUBSTRING "${rest}" 0 ${end} printed)
if(NOT printed STREQUAL tested)
  message(FATAL_ERROR "the README's first application is not tests/apps/hello.cpp:\n${printed}")
endif()
