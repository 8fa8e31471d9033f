#!/bin/sh
# One program on processors that this machine is not (qemu-user emulates them): each picks the best target that it runs, gives the bits
# of the same target here, and refuses the others with a sentence instead of an illegal instruction. qemu emulates no AVX-512.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo nehalem haswell one_missing avx512 selftest; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$*"; exit 1; }
cat >small.net <<'N'
net small
conventions torch
input x 3x24x24
a = conv 3x3/2 16 same bn relu
b = conv 3x3 32 same relu
c = maxpool 3x3/2
d = concat { conv 1x1 16 relu | conv 1x1 8 relu -> conv 5x5 24 same relu }
e = conv 3x3 32 same relu
logits = globalavgpool -> fc 10
output logits -> softmax
N
"$here/build/inceptc" small.net --numerics fast -o net && ./net init --seed 1 -o w.safetensors >/dev/null || exit 1 # b by a fast form
/usr/bin/python3 -c "
import numpy as np
np.save('x.npy', np.random.RandomState(1).rand(3, 24, 24).astype(np.float32))" || exit 1
on() { # CPU ARGUMENT...: the program on that processor; qemu's notes of what it leaves out of one go
    cpu=$1
    shift
    qemu-x86_64 -cpu "$cpu" ./net "$@" 2>err.raw
    status=$?
    grep -v '^qemu-x86_64: warning: TCG ' err.raw >err.txt
    return $status
}
picks() { # CPU TARGET
    on "$1" predict x.npy --weights w.safetensors --json --logits picked.npy >out.txt || { cat out.txt err.txt; fail "exit $status on $1"; }
    grep -q "\"target\": \"$2\"" out.txt || { cat out.txt; fail "$1 did not pick $2"; }
    same_bits "$1" "$2"
    cmp picked.npy emulated.npy || fail "$1 picked other code than that of $2"
}
same_bits() { # CPU TARGET: as here, where this machine runs it
    on "$1" predict x.npy --weights w.safetensors --target "$2" --logits emulated.npy >out.txt || { cat out.txt err.txt; fail "exit $status on $1, target $2"; }
    ./net info | grep -q "^$2 .* yes$" || { echo "this machine does not run $2: its bits are not compared"; return 0; }
    ./net predict x.npy --weights w.safetensors --target "$2" --threads 2 --logits native.npy >/dev/null && cmp emulated.npy native.npy || fail "$2 gives other bits on $1 than here"
}
refuses() { # CPU TARGET
    on "$1" predict x.npy --weights w.safetensors --target "$2" >out.txt
    [ $status -eq 1 ] || [ $status -eq 2 ] || { cat err.txt; fail "exit $status on $1, target $2"; }
    grep -q "this processor does not run target $2\$" err.txt || { cat err.txt; fail "$1 does not say that it does not run $2"; }
}
case $1 in
nehalem) # SSE 4.2
    picks Nehalem plain
    refuses Nehalem x86-64-v3
    refuses Nehalem x86-64-v4 ;;
haswell) # AVX2, FMA
    picks Haswell x86-64-v3
    mv emulated.npy v3.npy
    same_bits Haswell plain
    cmp -s emulated.npy v3.npy && fail 'the targets differ nowhere: their choice was not seen'
    refuses Haswell x86-64-v4 ;;
one_missing) # AVX2 alone is not the target, nor are its instructions where the system does not save the registers
    for without in -fma -avx2 -bmi2 -xsave; do
        picks Haswell,$without plain
        refuses Haswell,$without x86-64-v3
    done ;;
avx512) # a processor that has it, and an emulator that does not
    picks Cascadelake-Server x86-64-v3
    refuses Cascadelake-Server x86-64-v4 ;;
selftest)
    on Haswell selftest >out.txt || { cat out.txt err.txt; fail 'selftest fails on Haswell'; }
    grep -q '^x86-64-v3 .* ok$' out.txt && grep -q '^x86-64-v4 *this processor does not run it$' out.txt || { cat out.txt; exit 1; } ;;
*) fail "no case $1" ;;
esac
