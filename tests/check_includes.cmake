# cmake -DROOT=<source folder> -DROOMS=<build folder>/rooms.cmake -P check_includes.cmake
#
# Fails when a file includes from a room it must not know. Two rules: the edges between our own
# rooms, and which rooms may see which third-party library. Both are written where the rooms are
# declared: prefork_room() in the CMakeLists.txt of config, ipc, server and workers.
cmake_minimum_required(VERSION 3.25)

include("${ROOMS}")
# Third-party includes: the first path component or header name.
set(libraries asio llhttp openssl nghttp2 nlohmann CLI toml++ gtest gmock)
# Slow to compile: only in .cpp files, but for those of preforkctl, whose values are JSON.
set(never_in_headers nlohmann CLI toml++)

# Sets `room` to the room of a file of the tree; empty: it is in none.
function(find_room path)
  string(REGEX REPLACE "/[^/]*$" "" folder "${path}")
  if(NOT folder IN_LIST rooms)
    set(folder "")
  endif()
  set(room "${folder}" PARENT_SCOPE)
endfunction()

set(problems "")
set(checked 0)
foreach(top IN ITEMS config ipc server workers)
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${top}/*.h" "${ROOT}/${top}/*.cpp"
       "${ROOT}/${top}/*.hpp")
  foreach(file IN LISTS files)
    math(EXPR checked "${checked} + 1")
    find_room("${file}")
    set(own "${room}")
    if(NOT own)
      string(APPEND problems "  ${file}: its folder is no room (see prefork_room)\n")
      continue()
    endif()
    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*)[>\"].*$" "\\1" path "${line}")
      string(REGEX REPLACE "^([^/]*)/.*$" "\\1" first "${path}")
      string(REGEX REPLACE "\\.(h|hpp)$" "" first "${first}")
      if(line MATCHES "\"")
        find_room("${path}")
        if(NOT room)
          string(APPEND problems
                 "  ${file}: \"${path}\" is not written from the root of the tree, to a room\n")
        elseif(NOT room STREQUAL own AND NOT room IN_LIST uses_${own})
          string(APPEND problems "  ${file}: ${own}/ must not include ${path}\n")
        elseif(NOT EXISTS "${ROOT}/${path}" AND NOT EXISTS "${ROOT}/${path}.in")
          string(APPEND problems "  ${file}: no such file: ${path}\n")
        endif()
      elseif(first IN_LIST libraries)
        if(NOT first IN_LIST headers_${own})
          string(APPEND problems "  ${file}: ${own}/ must not use ${first} (<${path}>)\n")
        elseif(file MATCHES "\\.h$" AND first IN_LIST never_in_headers AND
               NOT "${own}/${first}" MATCHES "^workers/(control|selftest)/nlohmann$")
          string(APPEND problems "  ${file}: <${path}> belongs into a .cpp file\n")
        endif()
      endif()
    endforeach()
  endforeach()
endforeach()

if(checked EQUAL 0)
  message(FATAL_ERROR "no source file found below '${ROOT}'")
endif()
if(problems)
  message(FATAL_ERROR "includes that break the edges between rooms:\n${problems}")
endif()
list(LENGTH rooms count)
message(STATUS "${checked} files keep to the edges between ${count} rooms")
