# Finds an installed llhttp and defines Llhttp::Llhttp. Not by its own CMake package: that carries no
# version and knows the shared library only, while the static one makes the program independent of a
# library that few systems have in a version that is safe.
find_path(Llhttp_INCLUDE_DIR NAMES llhttp.h DOC "Folder of llhttp.h")
find_library(Llhttp_LIBRARY NAMES libllhttp.a llhttp DOC "libllhttp.a, or the shared library")
mark_as_advanced(Llhttp_INCLUDE_DIR Llhttp_LIBRARY)

if(Llhttp_INCLUDE_DIR)
  set(Llhttp_VERSION "")
  foreach(part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${Llhttp_INCLUDE_DIR}/llhttp.h" llhttp_version_line
         REGEX "^#define LLHTTP_VERSION_${part} [0-9]+")
    string(REGEX MATCH "[0-9]+" llhttp_version_part "${llhttp_version_line}")
    list(APPEND Llhttp_VERSION "${llhttp_version_part}")
  endforeach()
  list(JOIN Llhttp_VERSION "." Llhttp_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  Llhttp
  REQUIRED_VARS Llhttp_LIBRARY Llhttp_INCLUDE_DIR
  VERSION_VAR Llhttp_VERSION)

if(Llhttp_FOUND AND NOT TARGET Llhttp::Llhttp)
  add_library(Llhttp::Llhttp UNKNOWN IMPORTED)
  set_target_properties(
    Llhttp::Llhttp PROPERTIES IMPORTED_LOCATION "${Llhttp_LIBRARY}"
                              INTERFACE_INCLUDE_DIRECTORIES "${Llhttp_INCLUDE_DIR}")
endif()
