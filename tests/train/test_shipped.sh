#!/bin/sh
# The shipped weights of fashion.net know the ten pictures of demo/fashion by name.
[ "$1" = --list ] && { echo pictures; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$here/build/inceptc" "$here/netdefs/fashion.net" -o "$work/fashion" || exit 1
cd "$here/demo/fashion" || exit 1
"$work/fashion" predict ./*.png --weights fashion.safetensors --labels class_names.txt --top 1 >"$work/out" || exit 1
# NAME.png, then "probability class NAME"
awk '/\.png$/ { sub(".*/", ""); sub("\\.png", ""); want = $0; next }
     { got = tolower($3); if (NF > 3) got = got "-" tolower($4); n++; if (got != want) { print want " is taken for " got; bad = 1 } }
     END { exit bad || n != 10 }' "$work/out" || { cat "$work/out"; exit 1; }
