#!/bin/sh
# What libFuzzer found stays fixed: inceptc compiles it or refuses it with a message, within 2 seconds.
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
[ "$1" = --list ] && { for f in tests/fuzz/found_net/*; do basename "$f"; done; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
timeout 2 build/inceptc "tests/fuzz/found_net/$1" -o "$work/x.c" 2>"$work/err"
code=$?
[ $code -eq 0 ] || { [ $code -eq 1 ] && grep -q 'error:' "$work/err"; } || { echo "exit $code"; cat "$work/err"; exit 1; }
