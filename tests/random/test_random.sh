#!/bin/sh
# Twelve random networks; `make check-full` runs two hundred with each pass off, gcc and clang.
[ "$1" = --list ] && { echo 1 2 3 4 5 6 7 8 9 10 11 12; exit 0; }
exec sh "$(dirname "$0")/run_net.sh" "$1" gcc
