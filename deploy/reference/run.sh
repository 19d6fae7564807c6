#!/bin/sh
# run.sh DOXYGEN DOXYFILE FOLDER: makes the reference in that folder, and fails where Doxygen has a
# warning or a function has no example. 77: there is no such Doxygen.
set -e
if ! command -v "$1" >/dev/null; then
  echo 'Skipped: no Doxygen (apt install doxygen), so nobody looks whether each function has an example'
  exit 77
fi
rm -rf "$3"
mkdir -p "$3"
"$1" "$2"
here=$(cd "$(dirname "$0")" && pwd)
"$here/check.sh" "$3/xml" "${here%/deploy/reference}"/tests/apps/reference/*.cpp
echo "$3/html/index.html"
