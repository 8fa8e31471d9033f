#!/bin/sh
# Each bad netdef gives exactly the messages beside it (NAME.err), exit status 1, and no output file.
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here/tests/diag" || exit 1
[ "$1" = --list ] && { ls *.net | sed 's/\.net$//'; exit 0; }
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
"$here/build/inceptc" "$1.net" -o "$out/x.c" 2>"$out/err"
code=$?
[ "$2" = --accept ] && cp "$out/err" "$1.err"
[ $code = 1 ] || { echo "exit status $code, not 1"; exit 1; }
[ ! -e "$out/x.c" ] && [ ! -e "$out/x.h" ] || { echo "an output file was left"; exit 1; }
diff "$1.err" "$out/err"
