#!/bin/sh
# Every network on a photograph: C without a warning from gcc and clang, plain C compiled by tcc too; every target within what its level of
# numerics allows of the interpreter's deviation, batch norms calibrated on the photograph; the same bits for 1 to 7 threads and at every place of a batch.
# `test_nets.sh NET each` leaves every pass out in turn as well (make check-full).
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    exit 0
fi
net=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
netdef=$here/netdefs/$net.net
picture=$here/demo/cat.png
strict="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I$here/runtime"
$inceptc "$netdef" --target=plain -o plain.c || exit 1
gcc -std=c11 $strict plain.c && clang -std=c11 $strict plain.c && tcc -std=c11 -I"$here/runtime" -c plain.c -o plain.o || exit 1
for t in x86-64-v3 x86-64-v4; do # each alone: it includes what it needs
    $inceptc "$netdef" --target=$t -o $t.c && gcc -std=gnu11 $strict $t.c && clang -std=gnu11 $strict $t.c || exit 1
done
cc="sh $here/tests/avx512/cc.sh gcc"
$inceptc "$netdef" -o with.c && $inceptc "$netdef" --cc "$cc" -o net || exit 1
./net init --seed 3 -o fresh.safetensors >/dev/null || exit 1
$inceptc "$netdef" --dump=graph >graph.txt || exit 1
/usr/bin/python3 "$here/tests/nets/shift_beta.py" fresh.safetensors start.safetensors graph.txt || exit 1
$inceptc run "$netdef" "$picture" --weights start.safetensors --calibrate w.safetensors -o ref.npy || exit 1
# judge FILE LABEL BOUND: to the interpreter's logits.
judge() {
    /usr/bin/python3 - "$1" "$3" <<'P' || { echo "$net: $2"; exit 1; }
import sys, numpy as np
a = np.load(sys.argv[1]).ravel().astype(np.float64)
b = np.load('ref.npy').ravel().astype(np.float64)
e = np.abs(a - b).max() / b.std()
print('max |d| / deviation', e)
sys.exit(0 if a.size == b.size and b.std() > 0 and e < float(sys.argv[2]) else 1)
P
}
weights=w.safetensors
passes="$($inceptc --help passes | sed -n 's/^Passes: //p')"
for off in none ${2:+all $passes}; do
    if [ $off != none ]; then # a pass that changes nothing gives the same C
        $inceptc "$netdef" --no-pass $off -o off.c || exit 1
        sed 's/"off.h"/"with.h"/' off.c | cmp -s - with.c && continue
        $inceptc "$netdef" --no-pass $off --cc "$cc" -o net || exit 1
        # the interpreter has calibrated what the output needs; without remove-dead the program keeps the auxiliary heads
        ./net init --seed 3 -o all.safetensors >/dev/null && /usr/bin/python3 "$here/tests/nets/fill.py" all.safetensors w.safetensors full.safetensors || exit 1
        weights=full.safetensors
    fi
    [ "$(./net info | grep -c '^plain\|^x86-64-v[34]')" = 3 ] || { echo 'there are three targets'; exit 1; }
    targets="$(./net info | awk '$NF == "yes" { print $1 }')" # AVX-512's code by AVX2's instructions, where need be
    for t in $targets; do
        ./net predict "$picture" --weights $weights --target $t --threads 2 --logits out-$t.npy >/dev/null || exit 1
        judge out-$t.npy "$t, without pass $off" "$(./net info | awk -v t=$t '$1 == t { print $3 }')"
    done
done
# bits TARGET OPTIONS...: predict must write the same bytes again.
bits() {
    ./net predict "$picture" --weights $weights --target "$@" --logits again.npy >/dev/null && cmp out-$1.npy again.npy ||
        { echo "$net: other bits with $*"; exit 1; }
}
# at_level LEVEL TARGET: above it was the default, safe
at_level() {
    $inceptc "$netdef" --numerics $1 --target $2 --cc "$cc" -o at_level || exit 1
    ./at_level predict "$picture" --weights $weights --target $2 --threads 2 --logits $1.npy >/dev/null || exit 1
    judge $1.npy "$2, $1" "$(./at_level info | awk -v t=$2 '$1 == t { print $3 }')"
    ./at_level info | grep -q "^$2  *$1 " || { ./at_level info; exit 1; }
}
at_level exact x86-64-v3 # the random networks have every level on every target
at_level fast x86-64-v4
for t in $targets; do
    [ "$2" ] || [ $t != plain ] || continue # plain is slow: in check-full, and in the random networks
    bits $t --threads 3 # another process; the self-test has all numbers of threads
    ./net selftest --target $t --weights $weights || exit 1 # an image alone and at every place of a batch, 1 to 7 threads
done
