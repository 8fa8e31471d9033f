#!/bin/sh
# leaves.sh [TARGET [FOLDER]]: the speed of each kernel alone on one thread, against the multiply-add peak measured beside it (bench/peak.c).
# FOLDER keeps the programs: when it has them, they are only measured.
here=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-x86-64-v4}
work=${2:-$(mktemp -d)} || exit 1
[ "$2" ] || trap 'rm -rf "$work"' EXIT
if [ ! -f "$work/megabytes.json" ]; then
    mkdir -p "$work" && gcc -O2 "$here/bench/peak.c" -o "$work/peak" && /usr/bin/python3 "$here/bench/leaves.py" build "$work" "$target" || exit 1
fi
[ "$BUILD_ONLY" ] && exit 0
echo "$target, one thread, load $(cut -d' ' -f1-3 /proc/loadavg), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) processors, $(gcc --version | head -1)"
/usr/bin/python3 "$here/bench/leaves.py" measure "$work" "$target"
