#!/bin/sh
# run_net.sh SEED|NAME [CC [each]]: a random network, or NAME.net beside this file, with every pass, with none and with each left out in turn, on every target,
# against the interpreter. A pass that changes nothing gives the same C, which is not compiled again.
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $1 in
*[!0-9]*) seed=1; cp "$here/tests/random/$1.net" r.net || exit 1 ;;
*) seed=$1; /usr/bin/python3 "$here/tests/random/make_net.py" "$1" >r.net || exit 1 ;;
esac
cc=${2:-gcc}
inceptc=$here/build/inceptc
fail() { cat r.net; echo "seed $1, $cc: $2"; exit 1; }
size=$(sed -n 's/^input image //p' r.net)
/usr/bin/python3 -c "
import numpy as np
c, h, w = map(int, '$size'.split('x'))
np.save('x.npy', np.random.RandomState($seed).rand(c, h, w).astype(np.float32))"
$inceptc run r.net x.npy --seed "$seed" --calibrate w.safetensors -o ref.npy || fail "$1" interpreter
passes="$($inceptc --help | sed -n 's/^Passes: //p')"
n=0
for off in none all ${3:+$passes}; do
    [ $off = none ] && flag= || flag="--no-pass $off"
    $inceptc r.net $flag -o $off.c || fail "$1" "without pass $off"
    sed 's/"none.h"/"'$off'.h"/' none.c | cmp -s - $off.c && [ $off != none ] && continue
    $inceptc r.net $flag --cc "$cc" -o net || fail "$1" "without pass $off"
    [ "$(./net info | grep -c '^plain\|^x86-64-v[34]')" = 3 ] || fail "$1" 'three targets'
    for t in $(./net info | awk '$NF == "yes" { print $1 }'); do # those that this processor runs
        ./net predict x.npy --weights w.safetensors --target $t --logits out-$off-$t.npy --threads 3 >/dev/null ||
            fail "$1" "without pass $off, $t"
        n=$((n + 1))
    done
done
./net selftest --weights w.safetensors >selftest.txt || { cat selftest.txt; fail "$1" 'the self-test'; }
/usr/bin/python3 -c "
import glob, numpy as np
b = np.load('ref.npy').ravel().astype(np.float64)
outputs = sorted(glob.glob('out-*.npy'))
assert len(outputs) == $n and b.size > 0
for f in outputs:
    a = np.load(f).ravel().astype(np.float64)
    e = np.abs(a - b).max() / max(b.std(), 1e-3 * np.abs(b).max(), 1e-30)
    assert a.size == b.size and e < 1e-4, '%s: %g' % (f, e)
print('$n runs agree')" || fail "$1" 'the outputs'
