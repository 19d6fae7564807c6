# prefork_add_application(NAME SOURCE...): a shared object that prefork-server can serve.
#
# What it needs, it is linked with: an undefined symbol is an error here and not when it is served.
# Where the program brings symbols along, as sanitizers of clang do, nobody can tell.
function(prefork_add_application name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE prefork::app)
  if(NOT "${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${name} PRIVATE "LINKER:-z,defs")
  endif()
endfunction()
