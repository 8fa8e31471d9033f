#!/bin/sh
# certify finds what is wrong: a network that differs from its reference in one thing is told apart by that thing.
here=$(cd "$(dirname "$0")/../.." && pwd)
stored=$here/tests/nets/reference
[ "$1" = --list ] && { echo suspects by-hand; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
failures=0
# prepare NET PATTERN: weights, noise, and of the stored references the arrays whose names match: less to compute.
prepare() {
    /usr/bin/python3 "$stored/weights.py" "$1" "$stored" w.safetensors noise.npy || exit 1
    /usr/bin/python3 - "$here/tests/peers" "$stored/$1" "$2" <<'P' || exit 1
import os, re, sys
sys.path.insert(0, sys.argv[1])
import formula
for end in ('', '.training'):
    path = sys.argv[2] + end + '.safetensors'
    if os.path.exists(path):
        formula.write(f'r{end}.safetensors', {k: v for k, v in formula.read(path).items() if re.match(sys.argv[3], k)})
P
    cp "$here/netdefs/$1.net" .
    net=$1
}
# expect STATUS TEXT ARGUMENT...: certify ends so, and its output and messages hold TEXT.
expect() {
    status=$1 text=$2
    shift 2
    $inceptc certify "$@" >out.txt 2>err.txt
    got=$?
    if [ $got -ne "$status" ] || ! cat out.txt err.txt | grep -qF -e "$text"; then
        echo "FAILED: $* (exit $got, expected $status with '$text')"
        grep -v ' agrees$' out.txt
        cat err.txt
        failures=$((failures + 1))
    fi
}
# finds KIND LAYER EDIT OPTION...: the netdef changed by sed disagrees, for that reason, in that layer. Shapes and totals that the
# netdef states are left out: they would refuse the change first.
finds() {
    kind=$1 layer=$2 edit=$3
    shift 3
    sed -e 's/ *: [0-9x]*$//' -e '/^expect/d' "$net.net" >stripped.net
    sed -e "$edit" stripped.net >changed.net
    if [ -n "$edit" ] && cmp -s stripped.net changed.net; then
        echo "FAILED: '$edit' changes nothing"
        failures=$((failures + 1))
    fi
    expect 1 "  $kind: " changed.net --weights w.safetensors --input "$here/demo/cat.png" --input noise.npy --against r.safetensors "$@"
    grep -qF "  layer '$layer', changed.net:" out.txt ||
        { echo "FAILED: $kind, expected layer '$layer'"; sed -n '/first disagreement/,$p' out.txt; failures=$((failures + 1)); }
}
suspects() {
    prepare googlenet_tv '(image|conv.|maxpool[12]|inception3a)(\.|$)'
    expect 0 'tensors agree' googlenet_tv.net --weights w.safetensors --input "$here/demo/cat.png" --input noise.npy --against r.safetensors
    finds epsilon conv1 's/eps=0.001/eps=0.00001/'
    finds padding conv1 's|conv 7x7/2 64|conv 7x7/2 64 pad(2, 4, 2, 4)|'
    finds concat-order inception3a.concat \
        's/{ conv 1x1 n1 as branch1/{ (conv 1x1 r3 -> conv 3x3 n3) as branch2/; s/| (conv 1x1 r3 -> conv 3x3 n3) as branch2/| conv 1x1 n1 as branch1/'
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import sys
sys.path.insert(0, sys.argv[1])
import formula
w = formula.read('w.safetensors')
w['inception3a.branch2.1.conv.weight'] = w['inception3a.branch2.1.conv.weight'] * 1.001
formula.write('w.safetensors', {k: v.astype('<f4') for k, v in w.items()})
P
    finds weights inception3a.branch2.1 ''
    prepare googlenet_tv '(image|conv.)(\.|$)'
    cp r.training.safetensors r.safetensors
    finds statistics conv1 ''
    expect 0 'tensors agree' googlenet_tv.net --weights w.safetensors --input "$here/demo/cat.png" --input noise.npy --against r.safetensors --training
    prepare bn_inception '(image|conv1|pool|conv2|inception_3a)'
    finds divisor inception_3a.avgpool3x3 's/avgpool 3x3 ->/avgpool 3x3 nocount_pad ->/'
}
# Networks of a layer or two, their references made here by hand.
by_hand() {
    cat >u.net <<'N'
net u
conventions torch
input image 3x6x6
p = maxpool 3x3/2
n = image -> lrn alpha=0.1
r = image -> residual 0.2 { conv 1x1 3 nobn bias linear }
f = image -> fc 2
output r
N
    cat >t.net <<'N'
net t
conventions torch
input image 3x4x4
c = conv 1x1 2 linear nobn bias
output c
N
    sed -e 's/^net t/net h/' -e 's/^c =/h = conv 1x1 3 linear nobn bias\nc = h ->/' t.net >h.net
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import os, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import formula
x = formula.uniform('x', 2 * 3 * 16).reshape(2, 3, 4, 4)
w = formula.uniform('w', 6).astype(np.float32).reshape(2, 3, 1, 1)
b = formula.uniform('b', 2).astype(np.float32)
y = np.einsum('oi,nihw->nohw', w[:, :, 0, 0].astype(float), x) + b.reshape(1, 2, 1, 1)
formula.write('w.safetensors', {'c.weight': w, 'c.bias': b})
for name, inside, logits in (('inside', 1.5e-4, 0), ('far', 3e-4, 0), ('logits', 0, 1.5e-4)):  # of the deviation, in one number
    off = {'input': x, 'h': x.copy(), 'c': y.copy()}  # h is the identity
    for key, by in (('h', inside), ('c', logits)):
        off[key][0, 0, 0, 0] += by * off[key][0].std()
    formula.write(f'{name}.safetensors', off)
formula.write('h_weights.safetensors', {'h.weight': np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1), 'h.bias': np.zeros(3, np.float32), 'c.weight': w, 'c.bias': b})
z = formula.uniform('z', 3 * 36).reshape(3, 6, 6)
pool = np.pad(z, ((0, 0), (0, 1), (0, 1)), constant_values=-9)
pool = np.array([[[c[2 * i:2 * i + 3, 2 * j:2 * j + 3].max() for j in range(3)] for i in range(3)] for c in pool])
squares = (z ** 2).sum(0)  # of all three channels: the window of five covers them
wr, br = (formula.uniform(k, n).astype(np.float32) for k, n in (('wr', 9), ('br', 3)))
branch = np.einsum('oi,ihw->ohw', wr.reshape(3, 3).astype(float), z) + br.reshape(3, 1, 1)
wf, bf = formula.uniform('wf', 216).astype(np.float32).reshape(2, 108), formula.uniform('bf', 2).astype(np.float32)
formula.write('u.safetensors', {'r.weight': wr.reshape(3, 3, 1, 1), 'r.bias': br, 'f.weight': wf, 'f.bias': bf})
formula.write('ceil.safetensors', {'input': z, 'p': pool})
formula.write('lrn.safetensors', {'input': z, 'n': z / (1 + 0.1 * squares) ** 0.75})
formula.write('scale.safetensors', {'input': z, 'r': z + branch})
formula.write('bias.safetensors', {'input': z, 'f': wf.astype(float) @ z.ravel()})
formula.write('flatten.safetensors', {'input': z, 'f': wf.astype(float) @ z.transpose(1, 2, 0).ravel() + bf})
for folder, arrays in {'good': dict(input=x, c=y), 'float': dict(input=x, c=y.astype(np.float32)), 'sampled': {'input': x, 'c.sampled': y.ravel()[np.arange(7) * 64 // 7]},
                       'unknown': dict(input=x, d=y), 'noinput': dict(c=y), 'shape': dict(input=x, c=y[:, :, :3]), 'empty': dict(input=x),
                       'wrong': dict(input=x, c=y + 1e-8), 'nan': dict(input=x, c=y * np.nan), 'bgr': dict(input=x[:, ::-1], c=y),
                       'one': dict(input=x[0], c=y[0]), 'weights': {'input': x, 'c': y, 'c.bias': b}}.items():
    os.mkdir(folder)
    for name, v in arrays.items():
        np.save(f'{folder}/{name}.npy', np.ascontiguousarray(v))
formula.write('good.safetensors', dict(input=x, c=y))
P
    expect 0 '1 of 1 tensors agree' t.net --weights w.safetensors --against good
    expect 0 '1 of 1 tensors agree' t.net --weights w.safetensors --against good.safetensors
    expect 0 '1 of 1 tensors agree' t.net --weights w.safetensors --against sampled
    expect 0 'at most 0.0001 is allowed' t.net --weights w.safetensors --against float
    expect 0 '2 of 2 tensors agree' t.net --weights w.safetensors --against weights
    expect 0 '1 input' t.net --weights w.safetensors --against one
    expect 0 'the compiled program, 2 inputs' t.net --weights w.safetensors --against good --compiled --target plain
    expect 0 'at most 0.0002 is allowed' h.net --weights h_weights.safetensors --against inside.safetensors --compiled --numerics exact
    expect 1 "the first disagreement is 'h'" h.net --weights h_weights.safetensors --against far.safetensors --compiled --numerics exact
    expect 1 "the first disagreement is 'c'" h.net --weights h_weights.safetensors --against logits.safetensors --compiled --numerics exact
    expect 0 '"agrees": true, "first_disagreement": null' t.net --weights w.safetensors --against good --json
    expect 1 '0 of 1 tensors agree' t.net --weights w.safetensors --against wrong
    expect 1 '0 of 1 tensors agree' t.net --weights w.safetensors --against nan
    expect 1 'channel-order: ' t.net --weights w.safetensors --against bgr
    expect 1 '"kind": "channel-order"' t.net --weights w.safetensors --against bgr --json
    expect 1 'run without --compiled' t.net --weights w.safetensors --against bgr --compiled
    expect 1 "no tensor 'd'; did you mean 'c'?" t.net --weights w.safetensors --against unknown
    expect 1 "the reference's is [2, 2, 3, 4]" t.net --weights w.safetensors --against shape
    expect 1 'no array to compare' t.net --weights w.safetensors --against empty
    expect 1 'say --input' t.net --weights w.safetensors --against noinput
    expect 1 'an input of network' t.net --weights w.safetensors --against noinput --input noinput/c.npy
    expect 0 '1 of 1 tensors agree' t.net --weights w.safetensors --against noinput --input good/input.npy
    expect 1 'rounding: the reference rounds the size up, to 3x3' u.net --weights u.safetensors --against ceil.safetensors
    expect 1 'lrn-alpha: ' u.net --weights u.safetensors --against lrn.safetensors
    expect 1 'residual-scale: the reference scales the residual by 1,' u.net --weights u.safetensors --against scale.safetensors
    expect 1 'bias: ' u.net --weights u.safetensors --against bias.safetensors
    expect 1 'flatten-order: ' u.net --weights u.safetensors --against flatten.safetensors
    expect 2 'wants one network and --against' t.net --weights w.safetensors
    expect 2 'exclude each other' t.net --against good --compiled --training
    expect 3 'No such file' t.net --weights w.safetensors --against nowhere
    expect 3 'No such file' t.net --weights nowhere --against good
    expect 1 'tensor' t.net --weights good.safetensors --against good
    TMPDIR=$work/tmp
    mkdir "$TMPDIR"
    export TMPDIR
    expect 0 'agree' t.net --weights w.safetensors --against good --compiled
    rmdir "$TMPDIR" || { echo 'FAILED: files left behind'; failures=$((failures + 1)); }
}
case $1 in suspects) suspects ;; *) by_hand ;; esac
[ $failures -eq 0 ]
