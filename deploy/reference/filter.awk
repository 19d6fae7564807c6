# A public header as Doxygen reads it: its comments are made documentation, and each function gets
# the example that shows it.
#
#   awk -v examples="tests/apps/reference/*.cpp" -f filter.awk server/include/prefork/request.hpp
#
# A comment in front of a declaration is about that; one behind it, too; one at the head of the file
# is about the file. What stands in it further to the right is code. An example begins with a line
# that says what it shows, "// Request: method, path", or "// text, html" of functions that belong to
# no class, and ends where the next one begins, or with "// ---". Several such lines in a row head one
# example.

function read_examples(    command, file, line, head, heads, names, count, i, class, block) {
  command = "ls " examples " 2>/dev/null"
  while ((command | getline file) > 0) {
    block = 0
    heads = 0
    while ((getline line < file) > 0) {
      if (line ~ /^\/\/ ([A-Z][A-Za-z]*: )?[A-Za-z_]+(, [A-Za-z_]+)*$/) {
        if (!heads) {
          block = ++blocks
        }
        heads = 1
        head = substr(line, 4)
        class = ""
        if (match(head, /^[A-Z][A-Za-z]*: /)) {
          class = substr(head, 1, RLENGTH - 2) "::"
          head = substr(head, RLENGTH + 1)
        }
        count = split(head, names, ", ")
        for (i = 1; i <= count; ++i) {
          shown[class names[i]] = block
        }
        continue
      }
      heads = 0
      if (line ~ /^\/\/ ---/) {
        block = 0
      } else if (block) {
        text[block] = text[block] line "\n"
      }
    }
    close(file)
  }
  close(command)
}

# Markdown and commands of Doxygen are none here, but for what is in backticks.
function escaped(line,    parts, count, i, result) {
  count = split(line, parts, "`")
  for (i = 1; i <= count; ++i) {
    if (i % 2 == 1 || i == count) {
      gsub(/[\\@<>#%&$]/, "\\\\&", parts[i])
      gsub(/--/, "\\--", parts[i])
    }
    result = result (i > 1 ? "`" : "") parts[i]
  }
  return result
}

function print_comment(    i, in_code, line) {
  for (i = 1; i <= pending; ++i) {
    line = comment[i]
    if (line ~ /^   / && line !~ /^ *$/) {
      if (!in_code) {
        print "/// \\code{.cpp}"
        in_code = 1
      }
      print "/// " substr(line, 4)
    } else {
      # An empty line within code belongs to it.
      if (in_code && line ~ /^ *$/ && i < pending && comment[i + 1] ~ /^   /) {
        print "///"
        continue
      }
      if (in_code) {
        print "/// \\endcode"
        in_code = 0
      }
      print "///" (line == "" ? "" : " " escaped(line))
    }
  }
  if (in_code) {
    print "/// \\endcode"
  }
}

function print_example(name,    lines, count, i) {
  count = split(text[shown[name]], lines, "\n")
  while (count > 0 && lines[count] ~ /^ *$/) {
    --count
  }
  print "/// \\par Example"
  print "/// \\code{.cpp}"
  for (i = 1; i <= count; ++i) {
    print "/// " lines[i]
  }
  print "/// \\endcode"
}

function without_literals(line) {
  gsub(/"([^"\\]|\\.)*"/, "", line)
  gsub(/'([^'\\]|\\.)'/, "", line)
  sub(/\/\/.*$/, "", line)
  return line
}

# What is declared from this line on, in one line.
function declaration(from,    i, line, whole) {
  for (i = from; i <= NR && i < from + 12; ++i) {
    line = without_literals(all[i])
    whole = whole " " line
    if (line ~ /[;{]/) {
      break
    }
  }
  gsub(/\[\[[a-z]*\]\]/, "", whole)
  gsub(/  +/, " ", whole)
  sub(/^ /, "", whole)
  return whole
}

# Where the bracket ends that is the first of its kind.
function end_of(whole, opening, closing,    i, c, open) {
  for (i = index(whole, opening); i <= length(whole); ++i) {
    c = substr(whole, i, 1)
    open += (c == opening) - (c == closing)
    if (open == 0) {
      break
    }
  }
  return i
}

# Without "template <...>" and "requires(...)" in front: what stands there is no value and no name of
# what is declared.
function without_template(whole) {
  while (whole ~ /^template </) {
    whole = substr(whole, end_of(whole, "<", ">") + 1)
    sub(/^ /, "", whole)
  }
  if (whole ~ /^requires ?\(/) {
    whole = substr(whole, end_of(whole, "(", ")") + 1)
  }
  return whole
}

# Empty: it is no function.
function function_name(whole,    head) {
  whole = without_template(whole)
  if (whole ~ /^(using|class|struct|enum|namespace|friend|return|static_assert|#)/) {
    return ""
  }
  if (match(whole, /[A-Za-z_~]+ *\(/) == 0) {
    return ""
  }
  head = substr(whole, RSTART, RLENGTH)
  if (index(substr(whole, 1, RSTART), "=") != 0) {
    return ""  # a value
  }
  sub(/ *\($/, "", head)
  return head
}

function is_scope() {
  return depth == 0 || kind[depth] == "scope"
}

# Follows the braces of a line, which `whole` begins with.
function follow(line, whole,    i, c, opens) {
  line = without_literals(line)
  for (i = 1; i <= length(line); ++i) {
    c = substr(line, i, 1)
    if (c == "{") {
      opens = is_scope() && heads_scope
      kind[++depth] = opens ? "scope" : "body"
      class_at[depth] = opens && scope_name != "" ? scope_name : (opens ? class_at[depth - 1] : "")
      heads_scope = 0
    } else if (c == "}" && depth > 0) {
      --depth
    } else if (c == ";" && is_scope()) {
      heads_scope = 0
    }
  }
}

{ all[NR] = $0 }

END {
  read_examples()
  for (at = 1; at <= NR; ++at) {
    line = all[at]
    if (line ~ /^(inline namespace v1 \{|\}  \/\/ namespace v1)$/) {
      pending = 0
      continue
    }
    if (!is_scope()) {
      follow(line, "")
      print line
      continue
    }
    if (line ~ /^ *\/\/ ---/) {
      pending = 0
      continue
    }
    if (line ~ /^ *\/\/( |$)/) {
      if (pending == 0 && after_trailing && match(line, /^ {20,}/)) {
        sub(/^ *\/\/ ?/, "", line)
        print "///< " escaped(line)
        continue
      }
      sub(/^ *\/\/ ?/, "", line)
      comment[++pending] = line
      continue
    }
    after_trailing = 0
    if (line ~ /^ *$/ || line ~ /^ *(public|private|protected):$/) {
      pending = 0
      print line
      continue
    }
    if (line ~ /^#pragma once/) {
      print "/// \\file"
      print_comment()
      pending = 0
      print line
      continue
    }
    whole = declaration(at)
    name = function_name(whole)
    if (match(whole, /(class|struct|enum class|enum|union|namespace) [A-Za-z_]+/) && whole ~ /^(template <[^(]*> ?(requires .*)?)?(class|struct|enum|union|namespace) /) {
      heads_scope = whole !~ /;/ || index(whole, "{") != 0
      scope_name = substr(whole, RSTART, RLENGTH)
      is_namespace = scope_name ~ /^namespace/
      sub(/^.* /, "", scope_name)
      if (is_namespace) {
        scope_name = ""
      }
    }
    full = (class_at[depth] != "" ? class_at[depth] "::" : "") name
    begins = is_scope() && !continues
    if (pending) {
      print_comment()
    }
    if (begins && name != "" && full in shown) {
      print_example(full)
    }
    pending = 0
    if (name == "" && line ~ /[;,{)] +\/\/ / && line !~ /^ *[#}]/ && line !~ /\{ +\/\//) {
      split_at = match(line, /  +\/\/ /)
      if (split_at) {
        code = substr(line, 1, split_at - 1)
        said = substr(line, split_at)
        sub(/^ +\/\/ /, "", said)
        print code "  ///< " escaped(said)
        after_trailing = 1
      } else {
        print line
      }
    } else {
      print line
    }
    # A declaration over several lines has its documentation already.
    continues = is_scope() && without_literals(line) !~ /[;{}] *$/ && line !~ /^#/
    follow(line, whole)
  }
}
