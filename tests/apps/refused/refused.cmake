# cmake -DCOMPILER=<C++ compiler> -DINCLUDE=<folder of the public headers> -P refused.cmake
#
# Fails when a wrong use in wrong_uses.cpp compiles, or when what the compiler says of it is not one
# error: the sentence that stands behind its number. Likewise when a header that is compiled as C++17
# does not begin with the sentence that says what it needs.
cmake_minimum_required(VERSION 3.25)

set(compile "${COMPILER}" -fsyntax-only -I "${INCLUDE}")
set(source "${CMAKE_CURRENT_LIST_DIR}/wrong_uses.cpp")
set(problems "")

# Sets `errors` to the lines in which the compiler says what is wrong.
function(find_errors said)
  string(REPLACE ";" "," said "${said}")
  string(REGEX MATCHALL "[^\n]*error: [^\n]*" errors "${said}")
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

# Each compiler has a folder: two may run at a time.
cmake_path(GET COMPILER FILENAME work)
set(work "${CMAKE_CURRENT_BINARY_DIR}/refused.${work}")
# The headers are read once for all of them.
set(read "${work}/read.hpp")
file(WRITE "${read}" "#include <prefork/app.hpp>\n")
if(COMPILER MATCHES "clang")
  set(read_result "${read}.pch")
else()
  set(read_result "${read}.gch")
endif()
execute_process(COMMAND "${COMPILER}" -I "${INCLUDE}" -std=c++20 -x c++-header "${read}" -o "${read_result}"
                COMMAND_ERROR_IS_FATAL ANY)

file(STRINGS "${source}" uses REGEX "WRONG == [0-9]+  // says: ")
list(LENGTH uses count)
if(count LESS 20)
  message(FATAL_ERROR "${source} has ${count} wrong uses")
endif()
foreach(use IN LISTS uses)
  string(REGEX REPLACE "^.* == ([0-9]+)  // says: .*$" "\\1" number "${use}")
  string(REGEX REPLACE "^.*  // says: (.*)$" "\\1" sentence "${use}")
  execute_process(COMMAND ${compile} -std=c++20 -include "${read}" "-DWRONG=${number}" "${source}"
                  RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
  find_errors("${said}")
  list(LENGTH errors error_count)
  string(FIND "${errors}" "${sentence}" at)
  if(result EQUAL 0 OR NOT error_count EQUAL 1 OR at EQUAL -1)
    string(APPEND problems "wrong use ${number}: ${error_count} errors, not one with '${sentence}':\n${said}\n")
  endif()
endforeach()

file(GLOB headers "${INCLUDE}/prefork/*.hpp")
file(WRITE "${work}/cxx17.cpp" "int main() {}\n")
foreach(header IN LISTS headers)
  execute_process(
    COMMAND ${compile} -Wfatal-errors -std=c++17 -include "${header}" "${work}/cxx17.cpp"
    RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
  find_errors("${said}")
  list(POP_FRONT errors first)
  if(result EQUAL 0 OR NOT first MATCHES "compile with -std=c\\+\\+20")
    string(APPEND problems "${header} as C++17 begins with: ${first}\n")
  endif()
endforeach()

if(problems)
  message(FATAL_ERROR "${problems}")
endif()
message(STATUS "${count} wrong uses are refused with their sentence")
