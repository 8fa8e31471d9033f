#!/bin/sh
# googlenet_tv and inception_v3 equal torchvision's on a photograph: the stored outputs are of torch_reference.py.
[ "$1" = --list ] && { echo googlenet_tv inception_v3; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"$here/build/inceptc" "$here/netdefs/$1.net" -o net && ./net init --seed 0 -o shapes.safetensors >/dev/null || exit 1
cat >weights.py <<'P'
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from formula import header_of, weight, write
kept = np.load(sys.argv[1] + '/' + sys.argv[2] + '.npz')
head, _, _ = header_of('shapes.safetensors')
write('w.safetensors', {k: kept[k] if k in kept else weight(k, tuple(v['shape'])) for k, v in head.items() if k != '__metadata__'})
P
/usr/bin/python3 weights.py "$here/tests/peers" "$1" || exit 1
for t in plain x86-64-v3 x86-64-v4; do
    ./net predict "$here/demo/cat.png" --weights w.safetensors --target $t --logits out.npy >out.txt 2>&1 || { grep -q 'does not run' out.txt && continue; cat out.txt; exit 1; }
    /usr/bin/python3 - "$here/tests/peers/$1.npz" $t <<'P' || exit 1
import sys, numpy as np
a, b = np.load('out.npy').ravel().astype(np.float64), np.load(sys.argv[1])['logits'].ravel()
e = np.abs(a - b).max() / b.std()
print(sys.argv[2], 'max |d| / deviation', e)
sys.exit(0 if a.size == b.size == 1000 and e < 1e-4 else 1)
P
done
