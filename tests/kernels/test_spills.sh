#!/bin/sh
# gcc and clang keep accumulators and weights of every register tile in registers.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo googlenet inception_v3 one_caller groups; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
status=0
net=$here/netdefs/$1.net
if [ "$1" = one_caller ]; then
    net=one_caller.net
    printf 'net t\nconventions torch\ninput image 192x7x7\ny = conv 3x3 384 same relu\noutput y\n' >$net
fi
if [ "$1" = groups ]; then # two kernels of a stride: of one clang writes out all taps, without a loop
    net=groups.net
    printf '%s\n' 'net t' 'conventions torch' 'input image 64x28x29' 'a = conv 3x3 64 same groups=64 relu -> conv 5x5 64 same groups=64 -> conv 5x5/2 64 same groups=64' \
        'b = conv 3x3 128 same groups=32 relu -> conv 3x3/2 128 same groups=4' 'output b' >$net
fi
for level in exact safe fast; do
    for target in v3 v4; do
        "$here/build/inceptc" "$net" --numerics $level --target x86-64-$target -o net.c || exit 1
        for cc in gcc clang; do
            $cc -std=gnu11 -O2 -ffp-contract=off -I"$here/runtime" -c net.c -o net.o && objdump -d --no-show-raw-insn net.o >net.s || exit 1
            echo "$1, $level, $target, $cc"
            /usr/bin/python3 "$here/tests/kernels/spills.py" <net.s || status=1
        done
    done
done
exit $status
