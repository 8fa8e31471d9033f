#!/bin/sh
# Every network: compiles without a warning, and all targets agree with each other and with the interpreter.
# The interpreter evaluates the graph in double precision on a picture-sized input with batch norms calibrated on it.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    exit 0
fi
net=$1
# 1e-4 of the deviation, but for three deep networks without residuals: random weights whose batch norms are calibrated on
# one picture amplify rounding (torch's own float32 v3 differs from its float64 by 0.9e-4 with these weights; v4 is twice as deep).
case $net in
inception_v3 | inception_v2_paper) bound=5e-4 ;;
inception_v4) bound=1e-2 ;;
*) bound=1e-4 ;;
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
netdef=$here/netdefs/$net.net
$inceptc "$netdef" --target=plain -o plain.c || exit 1
gcc -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -O1 -I"$here/runtime" -c plain.c -o plain.o || exit 1
$inceptc "$netdef" -o net || exit 1
size=$(sed -n 's/^input [a-z]* \([0-9x]*\).*/\1/p' "$netdef" | head -1)
/usr/bin/python3 - "$size" <<'P' || exit 1
import sys, numpy as np
c, h, w = map(int, sys.argv[1].split('x'))
y, x = np.mgrid[0:h, 0:w] / 37.0
base = np.stack([np.sin(x + k) * np.cos(y * (k + 1)) for k in range(c)])
noise = np.random.RandomState(7).randn(c, h, w) * 0.3
np.save('x.npy', (base + noise).astype(np.float32))
P
$inceptc run "$netdef" x.npy --seed 3 --calibrate w.safetensors -o ref.npy || exit 1
for t in plain x86-64-v3 x86-64-v4; do
    ./net info | grep -q "$t" || { echo "no target $t"; exit 1; }
    grep -q "$(case $t in x86-64-v4) echo avx512f;; x86-64-v3) echo avx2;; *) echo fpu;; esac)" /proc/cpuinfo || continue
    ./net predict x.npy --weights w.safetensors --target $t --logits out_$t.npy >/dev/null || exit 1
    /usr/bin/python3 - out_$t.npy $bound <<'P' || { echo "$net on $t"; exit 1; }
import sys, numpy as np
a = np.load(sys.argv[1]).ravel().astype(np.float64)
b = np.load('ref.npy').ravel().astype(np.float64)
e = np.abs(a - b).max() / b.std()
print('max |d| / deviation', e)
sys.exit(0 if a.size == b.size and e < float(sys.argv[2]) else 1)
P
done
