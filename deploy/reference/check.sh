#!/bin/sh
# check.sh FOLDER EXAMPLE...: fails when a public function in Doxygen's XML of that folder has no
# words, or no example that shows it, or when one of the files of examples (see filter.awk) or
# tasks.md names something that there is not. Says where.
#
# Not asked of: what only the layers below use (its words begin with "For the layer below" or with
# who it is for, "For App" or "For load()", or it has none and follows such a function),
# constructors, destructors and operators, and what is not public.
folder=$1
shift
exec awk '
  FILENAME ~ /\.cpp$/ {
    if (/^\/\/ ([A-Z][A-Za-z]*: )?[A-Za-z_]+(, [A-Za-z_]+)*$/) {
      class = match($0, /[A-Z][A-Za-z]*: /) ? substr($0, RSTART, RLENGTH - 2) "::" : ""
      sub(/^\/\/ ([A-Z][A-Za-z]*: )?/, "")
      count = split($0, names, ", ")
      for (i = 1; i <= count; ++i) named[class names[i]] = FILENAME
    }
    next
  }
  FILENAME ~ /\/tasks\.xml$/ {
    gsub(/<ref [^>]*>[^<]*<\/ref>/, "")
    while (match($0, /prefork::[A-Za-z_:]+/)) {
      named[substr($0, RSTART, RLENGTH)] = "tasks.md"
      $0 = substr($0, RSTART + RLENGTH)
    }
    next
  }
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
    if (++words == 1 && /<para>For (the layer below|<ref|[A-Z][A-Za-z:]*|[a-z_]+\(\))/) is_below = 1
  }
  /<title>Example</ { has_example = 1 }
  /<\/(briefdescription|detaileddescription)>/ { in_words = 0 }
  /<location / {
    match($0, /file="[^"]*"/); where = substr($0, RSTART + 6, RLENGTH - 7)
  }
  /<\/memberdef>/ {
    in_function = 0
    if (!words && was_below) is_below = 1
    full = (class == "prefork" ? "" : class "::") name
    delete named[full]
    if (name == class || name ~ /^(~|operator)/ || is_below) next
    ++checked
    if (has_example) next
    missing[where ": " full] = words == 0 ? "nothing said of it, and no example" : "no example"
  }
  END {
    for (one in missing) { print one ": " missing[one]; ++bad }
    if (bad) print bad " of " checked " functions lack an example: see tests/apps/reference"
    for (one in named) { print named[one] " names " one ", which there is not"; ++bad }
    if (bad) exit 1
    if (!checked) { print "no functions found"; exit 1 }
    print checked " functions, each with an example"
  }' "$@" "$folder"/tasks.xml "$folder"/class*.xml "$folder"/struct*.xml "$folder"/namespaceprefork.xml
