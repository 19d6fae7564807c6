# prefork_embed_page(OUTPUT HEADER NAMESPACE FOLDER)
#
# Writes a C++ file that defines NAMESPACE::kPage and NAMESPACE::kPagePolicy (declared in HEADER):
# FOLDER/page.html with FOLDER/page.css and FOLDER/page.js in it, and the Content-Security-Policy
# that lets a browser use these two and nothing else. Made anew when one of the files changes.

# The hash as the policy wants it: base64 of the bytes, where CMake has hexadecimal digits.
function(prefork_source_hash variable text)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(SHA256 digits "${text}")
  set(encoded "")
  # 32 bytes: ten times three, and two that are filled up with zero bits.
  string(APPEND digits "00")
  foreach(at RANGE 0 60 6)
    string(SUBSTRING "${digits}" ${at} 6 group)
    foreach(shift 18 12 6 0)
      math(EXPR index "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${index} 1 letter)
      string(APPEND encoded "${letter}")
    endforeach()
  endforeach()
  string(SUBSTRING "${encoded}" 0 43 encoded)
  set(${variable} "'sha256-${encoded}='" PARENT_SCOPE)
endfunction()

function(prefork_embed_page output header namespace folder)
  foreach(part html css js)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${folder}/page.${part}")
    file(READ "${folder}/page.${part}" ${part})
    string(FIND "${${part}}" ")EMBEDDED\"" end)
    string(FIND "${${part}}" "</s" closing)
    if(NOT end EQUAL -1 OR (NOT part STREQUAL "html" AND NOT closing EQUAL -1))
      message(FATAL_ERROR "prefork_embed_page: cannot embed '${folder}/page.${part}'")
    endif()
  endforeach()
  prefork_source_hash(style_hash "${css}")
  prefork_source_hash(script_hash "${js}")
  string(REPLACE "@style@" "${css}" html "${html}")
  string(REPLACE "@script@" "${js}" html "${html}")
  string(
    CONCAT policy
    "default-src 'none'; connect-src 'self'; img-src data:; style-src ${style_hash}; "
    "script-src ${script_hash}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'")
  file(
    WRITE "${output}.new"
    "// Made by CMake.\n#include \"${header}\"\n\nnamespace ${namespace} {\n\n"
    "const std::string_view kPage = R\"EMBEDDED(${html})EMBEDDED\";\n\n"
    "const std::string_view kPagePolicy =\n    \"${policy}\";\n\n}  // namespace ${namespace}\n")
  file(COPY_FILE "${output}.new" "${output}" ONLY_IF_DIFFERENT)
endfunction()
