#!/bin/sh
# Parameters, multiply-accumulates, statistics, convolutions, depth and shapes equal the reference table.
[ "$1" = --list ] && { echo table; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
exec /usr/bin/python3 "$here/tests/nets/totals.py" "$here/build/inceptc" "$here/netdefs" "$here/tests/nets/reference/inception-reference.tsv"
