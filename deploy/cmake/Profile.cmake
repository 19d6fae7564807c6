# Optimisation by a profile (PREFORK_PROFILE, preset `profiled`): what runs often is laid out and
# inlined as it was seen to run. The first configuration builds the program once more, below
# training/, with counters, and lets deploy/train.sh run it; remove that folder to have the profile
# recorded anew. A profile that does not fit changed sources is left aside, function by function.
include_guard()

if(NOT PREFORK_PROFILE AND NOT PREFORK_RECORDS_PROFILE)
  return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  message(FATAL_ERROR "PREFORK_PROFILE needs g++: the options and files of other compilers differ")
endif()

if(PREFORK_RECORDS_PROFILE)
  add_compile_options(-fprofile-generate -fprofile-update=prefer-atomic)
  add_link_options(-fprofile-generate)
  return()
endif()

set(training "${PROJECT_BINARY_DIR}/training")
# prefork_train(WHAT COMMAND...)
function(prefork_train what)
  message(STATUS "Profile: ${what}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "Profile: ${what}: this failed\n${said}")
  endif()
endfunction()

if(NOT EXISTS "${training}/profile")
  prefork_train(
    "configuring the program with counters" "${CMAKE_COMMAND}" -S "${PROJECT_SOURCE_DIR}" -B
    "${training}" -G "${CMAKE_GENERATOR}" "-DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}"
    "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" "-DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}"
    -DPREFORK_RECORDS_PROFILE=ON)
  prefork_train("building it (some minutes)" "${CMAKE_COMMAND}" --build "${training}" --target
                prefork-server)
  prefork_train("running it" "${PROJECT_SOURCE_DIR}/deploy/train.sh" "${training}/prefork-server")
  file(GLOB_RECURSE profiles RELATIVE "${training}" "${training}/*.gcda")
  list(LENGTH profiles count)
  if(count EQUAL 0)
    message(FATAL_ERROR "Profile: the training run has left none below ${training}")
  endif()
  file(WRITE "${training}/profile" "${profiles}")
endif()

# The compiler looks for what belongs to an object beside it.
file(READ "${training}/profile" profiles)
foreach(profile IN LISTS profiles)
  cmake_path(GET profile PARENT_PATH folder)
  file(COPY "${training}/${profile}" DESTINATION "${PROJECT_BINARY_DIR}/${folder}")
endforeach()
# What the training did not reach is optimised as without a profile, not for its size.
add_compile_options(-fprofile-use -fprofile-partial-training -Wno-missing-profile
                    -Wno-coverage-mismatch -Wno-stringop-overflow)
add_link_options(-fprofile-use -Wno-stringop-overflow)
