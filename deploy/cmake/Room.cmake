# Rooms: one subfolder is one target, and its link edges are its include edges.
#
#   prefork_room(FOLDER [HOT] [USES ROOM...] [LIBRARIES TARGET...] [HEADERS LIBRARY...]
#                [SOURCES FILE...])
#
# Makes the library prefork_FOLDER (with _ for /) of the .cpp files in FOLDER, which need no list.
# USES names the rooms whose headers its files may include; each must be declared before, so that no
# edge points up and no circle can be written. HEADERS names the third-party headers that its files
# may include, by their first word; LIBRARIES are the targets these come from. SOURCES are files that
# are generated. HOT: each request goes through it.
#
# Every room is written into build/rooms.cmake, which tests/check_includes.cmake holds against the
# files.
include_guard()

set_property(GLOBAL PROPERTY PREFORK_ROOMS "")

# The way of a request leads through some hundred small functions, and the optimiser's own limits
# are used up long before all of them are inlined where they are called. With these it is a tenth
# fewer instructions for each (tests/bench/instructions.sh), and the program is 6 % larger.
set(prefork_hot_options "")
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(prefork_hot_options --param=max-inline-insns-auto=60 --param=max-inline-insns-single=200
                          --param=inline-min-speedup=8 --param=inline-unit-growth=200)
endif()

function(prefork_room folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOT" "" "USES;LIBRARIES;HEADERS;SOURCES")
  get_property(rooms GLOBAL PROPERTY PREFORK_ROOMS)
  string(REPLACE "/" "_" target "prefork_${folder}")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  list(APPEND sources ${arg_SOURCES})
  set(kind PUBLIC)
  if(sources)
    add_library(${target} STATIC ${sources})
  else()
    add_library(${target} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(${target} ${kind} "${PROJECT_SOURCE_DIR}")
  target_compile_features(${target} ${kind} cxx_std_20)
  foreach(used IN LISTS arg_USES)
    if(NOT used IN_LIST rooms)
      message(FATAL_ERROR "${folder} uses ${used}, which is not declared before it")
    endif()
    string(REPLACE "/" "_" used_target "prefork_${used}")
    target_link_libraries(${target} ${kind} ${used_target})
  endforeach()
  target_link_libraries(${target} ${kind} ${arg_LIBRARIES})
  if(sources AND PREFORK_DEVELOPER AND prefork_gcc_ipo)
    # With machine code beside what the linker optimises: for the tests, which would take longer to
    # optimise than to compile. g++ 12 has doubts about its own library in it.
    target_compile_options(${target} PRIVATE -ffat-lto-objects -Wno-restrict -Wno-null-dereference)
  endif()
  if(sources AND arg_HOT)
    target_compile_options(${target} PRIVATE ${prefork_hot_options})
  endif()
  if(sources AND (PREFORK_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Debug"))
    # Less than two thirds of the time. The build for development compiles each file alone, so that
    # what one forgets to include is noticed there.
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
  endif()
  set_property(GLOBAL APPEND PROPERTY PREFORK_ROOMS "${folder}")
  set_property(GLOBAL PROPERTY "PREFORK_ROOM_USES_${folder}" "${arg_USES}")
  set_property(GLOBAL PROPERTY "PREFORK_ROOM_HEADERS_${folder}" "${arg_HEADERS}")
endfunction()

# After the last room: the list for the include test.
function(prefork_write_rooms file)
  get_property(rooms GLOBAL PROPERTY PREFORK_ROOMS)
  set(text "set(rooms ${rooms})\n")
  foreach(room IN LISTS rooms)
    get_property(uses GLOBAL PROPERTY "PREFORK_ROOM_USES_${room}")
    get_property(headers GLOBAL PROPERTY "PREFORK_ROOM_HEADERS_${room}")
    string(APPEND text "set(uses_${room} ${uses})\nset(headers_${room} ${headers})\n")
  endforeach()
  file(CONFIGURE OUTPUT "${file}" CONTENT "${text}" @ONLY)
endfunction()
