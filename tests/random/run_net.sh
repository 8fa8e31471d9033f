#!/bin/sh
# run_net.sh SEED [CC]: a random network, with every pass and with none, on every target, against the interpreter.
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
/usr/bin/python3 "$here/tests/random/make_net.py" "$1" >r.net || exit 1
cc=${2:-gcc}
inceptc=$here/build/inceptc
size=$(sed -n 's/^input image //p' r.net)
/usr/bin/python3 -c "
import numpy as np
c, h, w = map(int, '$size'.split('x'))
np.save('x.npy', np.random.RandomState($1).rand(c, h, w).astype(np.float32))"
$inceptc run r.net x.npy --seed "$1" --calibrate w.safetensors -o ref.npy || { cat r.net; exit 1; }
passes="$($inceptc --help | sed -n 's/^Passes: //p')"
for off in none all ${3:+$passes}; do
    [ $off = none ] && flag= || flag="--no-pass $off"
    $inceptc r.net $flag --cc "$cc" -o net || { cat r.net; exit 1; }
    for t in plain x86-64-v3 x86-64-v4; do
        ./net predict x.npy --weights w.safetensors --target $t --logits out.npy --threads 3 >/dev/null || { cat r.net; exit 1; }
        /usr/bin/python3 -c "
import sys, numpy as np
a = np.load('out.npy').ravel().astype(np.float64)
b = np.load('ref.npy').ravel().astype(np.float64)
e = np.abs(a - b).max() / max(b.std(), 1e-3 * np.abs(b).max(), 1e-30)
sys.exit(0 if a.size == b.size and e < 1e-4 else 'seed $1, off $off, target $t: %g' % e)" || { cat r.net; exit 1; }
    done
done
