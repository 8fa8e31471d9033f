#!/bin/sh
# A netdef of many statements is read in a time that grows as its size does.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && exec /usr/bin/python3 "$here/tests/hostile/growth.py" --list
exec /usr/bin/python3 "$here/tests/hostile/growth.py" "$here/build/inceptc" "$1"
