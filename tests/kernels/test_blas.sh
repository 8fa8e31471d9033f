#!/bin/sh
# Single convolutions equal im2col and OpenBLAS's sgemm (bench/conv_blas.c) on every target.
[ "$1" = --list ] && { echo 1x1 3x3 7x7s2 5x5 1x7 3x1s2 odd; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $1 in # the layer for conv_blas; the same for inceptc
1x1) layer=64,28,28,96,1,1,1,1,0,0,0,0 conv="1x1 96" ;;
3x3) layer=96,14,14,208,3,3,1,1,1,1,1,1 conv="3x3 208 pad 1" ;;
7x7s2) layer=3,64,64,64,7,7,2,2,3,3,3,3 conv="7x7/2 64 pad 3" ;;
5x5) layer=24,14,14,64,5,5,1,1,2,2,2,2 conv="5x5 64 pad 2" ;;
1x7) layer=40,17,17,56,1,7,1,1,0,0,3,3 conv="1x7 56 pad(0, 0, 3, 3)" ;;
3x1s2) layer=17,19,21,33,3,1,2,1,1,0,0,0 conv="3x1/2x1 33 pad(1, 0, 0, 0)" ;;
odd) layer=13,9,11,7,3,5,2,3,0,1,2,1 conv="3x5/2x3 7 pad(0, 1, 2, 1)" ;;
esac
x=$(echo $layer | cut -d, -f1-3 | tr , x)
printf 'net one\nconventions torch\ninput x %s\nc = conv %s bias=0.5\noutput c\n' "$x" "$conv" >one.net
"$here/build/inceptc" one.net --numerics exact --cc "sh $here/tests/avx512/cc.sh gcc" -o one && ./one init --seed 4 -o w.safetensors >/dev/null || exit 1
/usr/bin/python3 -c "
import numpy as np
np.save('x.npy', np.random.RandomState(1).randn($(echo $layer | cut -d, -f1-3)).astype(np.float32))"
"$here/build/conv_blas" check $layer w.safetensors x.npy want.npy || exit 1
for t in plain x86-64-v3 x86-64-v4; do
    ./one predict x.npy --weights w.safetensors --target $t -o got.npy >out.txt 2>&1 || { cat out.txt; exit 1; }
    /usr/bin/python3 -c "
import sys, numpy as np
a, b = np.load('got.npy').ravel().astype(np.float64), np.load('want.npy').ravel()
e = np.abs(a - b).max() / b.std()
print('$t', e)
sys.exit(0 if a.size == b.size and e < 1e-5 else 1)" || exit 1
done
