# prefork_add_application(NAME SOURCE...): a shared object that prefork-server can serve.
function(prefork_add_application name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE prefork::app)
endfunction()
