#!/bin/sh
# groups.sh [NET...]: batches of 8 in groups of images (runtime/core/batch.c) against image by image, level fast.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) processors, $(gcc --version | head -1)"
for n in ${*:-googlenet_tv inception_v3}; do
    "$here/build/inceptc" "$here/netdefs/$n.net" --numerics fast --target=native -o "$work/$n.c" &&
        gcc -O2 -ffp-contract=off -I"$here/runtime" -DNETWORK="${n}_network" "$here/bench/groups.c" "$work/$n.c" "$here/build/libinceptrt.a" -ljpeg -lpng -lz -lm -lpthread \
            -o "$work/$n" && "$work/$n" || exit 1
done
