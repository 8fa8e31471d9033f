#!/bin/sh
# run_net.sh SEED|NAME [CC [each]]: a random network, or NAME.net beside this file, with every pass, with none and with each left out in turn, at every
# level of numerics and by a forced fast form, on every target, against the interpreter.
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
passes="$($inceptc --help passes | sed -n 's/^Passes: //p')"
n=0
# variant NAME OPTION...: compiled and run on every target that this processor runs; what gives the C of "none" again is left out.
variant() {
    name=$1
    shift
    $inceptc r.net "$@" -o $name.c || fail "$seed" "$*"
    sed 's/"none.h"/"'$name'.h"/' none.c | cmp -s - $name.c && [ $name != none ] && return
    $inceptc r.net "$@" --cc "sh $here/tests/avx512/cc.sh $cc" -o net || fail "$seed" "$*"
    [ "$(./net info | grep -c '^plain\|^x86-64-v[34]')" = 3 ] || fail "$seed" 'three targets'
    for t in $(./net info | awk '$NF == "yes" { print $1 }'); do
        ./net predict x.npy --weights w.safetensors --target $t --logits out-$name-$t.npy --threads 3 >/dev/null ||
            fail "$seed" "$* on $t"
        n=$((n + 1))
    done
}
variant none
for pass in all ${3:+$passes}; do variant "$pass" --no-pass "$pass"; done
variant exact --numerics exact
variant fast --numerics fast
for form in $((seed % 24 + 1)) ${3:+$((seed % 7 + 9))}; do variant "form$form" --numerics fast --fast-form "$form"; done # cheap or not
./net selftest --weights w.safetensors >selftest.txt || { cat selftest.txt; fail "$1" 'the self-test'; }
/usr/bin/python3 -c "
import glob, numpy as np
b = np.load('ref.npy').ravel().astype(np.float64)
outputs = sorted(glob.glob('out-*.npy'))
assert len(outputs) == $n and b.size > 0
for f in outputs:
    a = np.load(f).ravel().astype(np.float64)
    e = np.abs(a - b).max() / max(b.std(), 1e-3 * np.abs(b).max(), 1e-30)
    bound = 1e-4 if f.startswith('out-exact') or '-plain' in f else 5e-3 if f.startswith(('out-fast', 'out-form')) else 1e-3
    assert a.size == b.size and e < bound, '%s: %g' % (f, e)
print('$n runs agree')" || fail "$1" 'the outputs'
