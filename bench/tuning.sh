#!/bin/sh
# tuning.sh FILE: makes a tuning record of this machine (`inceptc tune` of large networks, safe and fast; a shape that several have as the first
# has it) where FILE is not there, and prints what the networks' programs gain by it.
[ $# = 1 ] || { sed -n '2,3p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
nets=${NETS:-googlenet_tv inception_v3 inception_v4 inception_resnet_v2}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
record() {
    echo 'inceptc-tuning 1'
    echo "# bench/tuning.sh on $(date +%Y-%m-%d): $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors," \
        "$(gcc --version | head -1), load $(cut -d' ' -f1-3 /proc/loadavg)"
    for net in $nets; do
        for level in safe fast; do
            "$here/build/inceptc" tune "$here/netdefs/$net.net" --numerics $level -o "$work/one" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
            echo "# $net, $level: $(tail -1 "$work/said")"
            grep -v '^#\|^inceptc-tuning' "$work/one"
        done
    done
}
if [ ! -e "$1" ]; then
    record >"$work/all" || exit 1
    awk '/^#/ || NR == 1 || !seen[$1, $2, $3, $4, $5]++' "$work/all" >"$1.part" && mv "$1.part" "$1" || exit 1
fi
file=$(realpath "$1")
cd "$work" || exit 1
for net in $nets; do
    for level in safe fast; do
        "$here/build/inceptc" "$here/netdefs/$net.net" --target=native --numerics $level -o model &&
            "$here/build/inceptc" "$here/netdefs/$net.net" --target=native --numerics $level --tuning "$file" -o tuned || exit 1
        for threads in 1 $(nproc); do
            echo "$net, $level: $(/usr/bin/python3 "$here/bench/turns.py" -j "$threads" model tuned)"
        done
    done
done
