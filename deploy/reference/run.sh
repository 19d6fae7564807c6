#!/bin/sh
# run.sh DOXYGEN DOXYFILE FOLDER: makes the reference in that folder, and fails where Doxygen has a
# warning or a function has no example.
set -e
rm -rf "$3"
mkdir -p "$3"
"$1" "$2"
"$(dirname "$0")/check.sh" "$3/xml"
echo "$3/html/index.html"
