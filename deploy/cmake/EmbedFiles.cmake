# prefork_embed_files(OUTPUT HEADER NAMESPACE VARIABLE NAME=FILE...)
#
# Writes a C++ file that defines NAMESPACE::VARIABLE (declared in HEADER, as a span of EmbeddedFile):
# each FILE's text under its NAME. Made anew when one of the files changes.
function(prefork_embed_files output header namespace variable)
  set(entries "")
  list(LENGTH ARGN count)
  foreach(pair IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${pair}")
    set(name "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(FIND "${text}" ")EMBEDDED\"" end)
    if(NOT matched OR NOT end EQUAL -1)
      message(FATAL_ERROR "prefork_embed_files: cannot embed '${pair}'")
    endif()
    string(APPEND entries "    EmbeddedFile{\"${name}\", R\"EMBEDDED(${text})EMBEDDED\"},\n")
  endforeach()
  file(
    WRITE "${output}.new"
    "// Made by CMake.\n#include \"${header}\"\n\n#include <array>\n\nnamespace ${namespace} {\n\nnamespace {\n\n"
    "constexpr std::array<EmbeddedFile, ${count}> kFiles = {\n${entries}};\n\n}  // namespace\n\n"
    "const std::span<const EmbeddedFile> ${variable} = kFiles;\n\n}  // namespace ${namespace}\n")
  file(COPY_FILE "${output}.new" "${output}" ONLY_IF_DIFFERENT)
endfunction()
