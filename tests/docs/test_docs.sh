#!/bin/sh
# The examples of the pages run and print what the pages say.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { cd "$here" && ls README.md docs/*.md netdefs/README.md examples/*/README.md; exit 0; }
exec /usr/bin/python3 "$here/tests/docs/run_docs.py" "$here" "$here/$1"
