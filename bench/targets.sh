#!/bin/sh
# targets.sh [NET...]: x86-64-v3 (AVX2) beside x86-64-v4 (AVX-512) on a machine that has both, level exact: direct kernels.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
for net in ${*:-googlenet_tv inception_v3 inception_v4 inception_resnet_v2}; do
    for target in v4 v3; do
        "$here/build/inceptc" "$here/netdefs/$net.net" --numerics exact --target=x86-64-$target -o $target || exit 1
    done
    for threads in 1 "$(nproc)"; do
        echo "$net: $(/usr/bin/python3 "$here/bench/turns.py" -j "$threads" -n 12 -s 0.5 v4 v3)"
    done
done
