#!/bin/sh
# The whole network of ours against only the convolutions by im2col and OpenBLAS's sgemm, one thread each, alternating.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE # OpenBLAS shall choose its best kernels
echo "load $(cut -d' ' -f1-3 /proc/loadavg), one thread, numerics exact, $(dpkg-query -W -f '${Package} ${Version}' libopenblas0-pthread 2>/dev/null)"
echo "network: ours ms (whole), sgemm ms (convolutions), ratio; three rounds"
for n in ${*:-googlenet inception_v3 inception_resnet_v2}; do
    "$here/build/inceptc" "$here/netdefs/$n.net" -o net || exit 1
    layers=$("$here/build/inceptc" "$here/netdefs/$n.net" --dump=graph | /usr/bin/python3 "$here/bench/layers.py")
    for round in 1 2 3; do
        ours=$(./net bench --threads 1 --seconds 2 --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["median_seconds"] * 1000)')
        blas=$("$here/build/conv_blas" time $layers 2>core.txt)
        awk -v n="$n" -v a="$ours" -v b="$blas" -v core="$(cat core.txt)" 'BEGIN { printf "%-22s %8.2f %8.2f  %.2f  %s\n", n, a, b * 1000, b * 1000 / a, core }'
    done
done
