#!/bin/sh
# gcc and clang keep the accumulators of every register tile in registers.  -fno-inline: each leaf has its name.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo googlenet inception_v3; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# What spills today, and why: leaf=times a loop touches the stack.
# A 3 x 2 tile of AVX2 needs 12 accumulators, 4 weights and 1 pixel, one more than there are registers: clang 14 keeps all 17 alive.
known_clang_v3='v3_product_3x2=2'
status=0
for level in safe fast; do
    for target in v3 v4; do
        "$here/build/inceptc" "$here/netdefs/$1.net" --numerics $level --target x86-64-$target -o net.c || exit 1
        for cc in gcc clang; do
            $cc -std=gnu11 -O2 -ffp-contract=off -fno-inline -I"$here/runtime" -c net.c -o net.o && objdump -d --no-show-raw-insn net.o >net.s || exit 1
            eval "known=\${known_${cc}_$target}"
            echo "$1, $level, $target, $cc"
            /usr/bin/python3 "$here/tests/kernels/spills.py" $known <net.s || status=1
        done
    done
done
exit $status
