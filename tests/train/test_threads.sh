#!/bin/sh
# Four steps of training give the same bits on 1, 2, 3 and 7 threads: more of them than some layers have units of work.
[ "$1" = --list ] && { echo groups; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$*"; exit 1; }
native=1
grep -q avx512f /proc/cpuinfo && native=2
"$here/build/inceptc" "$here/tests/train/$1.net" --train --numerics fast -o net.c || fail inceptc
cc -std=gnu11 -O1 -ffp-contract=off -shared -fPIC -I"$here/runtime" net.c "$here/build/libinceptrt.a" -lm -o net.so || fail cc
for target in 0 $native; do
    for threads in 1 2 3 7; do
        "$here/build/hash_tool" ./net.so "$1_network" 5 $threads 4 $target >line || fail "target $target, $threads threads"
        cut -d' ' -f2- line
    done | sort | uniq -c >hashes
    cat hashes
    [ "$(awk '{ print $1 }' hashes)" = 4 ] || fail "target $target: other bits on another number of threads"
done
