#!/bin/sh
# check.sh FOLDER: fails when a public function in Doxygen's XML of that folder has no words, or no
# example that shows it. Names each with its header and line.
#
# Not asked of: what only the layers below use (its words begin with "For ", or it has none and
# follows such a function), constructors, destructors and operators, and what is not public.
exec awk '
  FNR == 1 { class = ""; in_function = 0; is_below = 0; is_public = 1 }
  /<compounddef / { is_public = !/prot="(private|protected)"/ }
  /<compoundname>/ { class = $0; gsub(/<[^>]*>| /, "", class); sub(/.*::/, "", class) }
  /<memberdef kind="function"/ {
    in_function = is_public && /prot="public"/
    was_below = is_below
    name = ""; words = 0; is_below = 0; has_example = 0; where = ""; in_words = 0
  }
  !in_function { next }
  /<name>/ { name = $0; gsub(/<[^>]*>| /, "", name) }
  /<(briefdescription|detaileddescription)>/ { in_words = 1 }
  in_words && /<para>/ {
    ++words
    if (/<para>For /) is_below = 1
  }
  /<programlisting/ { has_example = 1 }
  /<\/(briefdescription|detaileddescription)>/ { in_words = 0 }
  /<location / {
    match($0, /file="[^"]*"/); where = substr($0, RSTART + 6, RLENGTH - 7)
    match($0, / line="[^"]*"/); where = where ":" substr($0, RSTART + 7, RLENGTH - 8)
  }
  /<\/memberdef>/ {
    in_function = 0
    if (!words && was_below) is_below = 1
    if (name == class || name ~ /^(~|operator)/ || is_below) next
    ++checked
    if (has_example) next
    missing[where ": " (class == "prefork" ? "" : class "::") name] = words == 0 ? "nothing said of it, and no example" : "no example"
  }
  END {
    for (one in missing) { print one ": " missing[one]; ++bad }
    if (bad) { print bad " of " checked " functions lack an example: see tests/apps/reference"; exit }
    if (!checked) { print "no functions found"; exit 1 }
    print checked " functions, each with an example"
  }' "$1"/class*.xml "$1"/struct*.xml "$1"/namespaceprefork.xml
