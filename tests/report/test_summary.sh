#!/bin/sh
# inceptc summary: JSON by its schema and by the graph's dump, receptive fields by a published table, CSV, the tree's columns, memory, mistakes.
[ "$1" = --list ] && { echo json fields csv tree narrow memory mistakes; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" && /usr/bin/python3 "$here/tests/report/summary.py" "$1" "$here"
