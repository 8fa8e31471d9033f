#!/bin/sh
# inceptc diff: every pair of networks, one mutation at a time, module texts, order, variants, mistakes.
[ "$1" = --list ] && { echo pairs mutations modules order names variant mistakes; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" && /usr/bin/python3 "$here/tests/report/diff.py" "$1" "$here"
