#!/bin/sh
# A training whose calls on files fail, fall short, or are the last thing its process does: a run that begins, one that goes on, one that
# reads folders of pictures. A call of each kind on each kind of file; all calls and more errors by `test_faults.sh CASE all` (tests/full.sh faults).
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo begun resumed folders; exit 0; }
tests=$here/tests/train
[ "$(uname -m)" = x86_64 ] || { echo "not tested: io_faults.c knows the registers of x86-64 only"; exit 0; }
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1 # in memory: syncing is quick
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
/usr/bin/python3 "$tests/train_data.py" idx && /usr/bin/python3 "$tests/train_data.py" folders d && /usr/bin/python3 "$tests/train_data.py" dirty d >bad || exit 1
cp "$tests/tiny.net" . && "$here/build/inceptc" tiny.net --train --target=plain -o tiny || exit 1
ASAN_OPTIONS=detect_leaks=0 /usr/bin/python3 "$tests/faults.py" "$here/build/io_faults" ./tiny "$@" # no leak checker where ptrace is
