#!/bin/sh
# inceptc weights as a user meets it: list, diff, import, export, init; the load report; what does not fit.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo list init heads partial leftover missing shape maps layouts gamma eps quantised merge structure hostile usage; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
fail() { echo "$*"; exit 1; }
# refuse CODE PATTERN ARGUMENT...: weights must exit with CODE, say PATTERN on standard error and leave no out.safetensors.
refuse() {
    code=$1 pattern=$2
    shift 2
    inceptc weights "$@" >out.txt 2>err.txt
    got=$?
    [ $got -eq "$code" ] || { cat err.txt; fail "exit $got instead of $code: weights $*"; }
    grep -q -- "$pattern" err.txt || { cat err.txt; fail "'$pattern' is not in the message of: weights $*"; }
    [ ! -e out.safetensors ] || fail "out.safetensors was left by: weights $*"
}
# has PATTERN FILE
has() { grep -qE -- "$1" "$2" || { cat "$2"; fail "no line '$1'"; }; }
# tensors OUT 'python expression of a dict from name to array': a safetensors file.
tensors() {
    /usr/bin/python3 - "$here/tests/peers" "$1" "$2" "$3" <<'P' || exit 1
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from formula import write
r = np.random.RandomState(1)
f = lambda *s: r.rand(*s).astype(np.float32)
write(sys.argv[2], eval(sys.argv[3]))
P
}
cat >small.net <<'N'
net small
conventions torch
param classes = 5
input x 3x8x8
a = conv 3x3 4 same bn relu
b = conv 1x1 6 bias
logits = globalavgpool -> fc classes
aux = a -> globalavgpool -> fc classes
output logits -> softmax
train { loss = xent(logits) + 0.3*xent(aux)
  opt = sgd(0.1)
  batch = 2
  epochs = 1 }
N
inceptc weights init small.net --seed 4 -o w.safetensors >init.txt || exit 1
case $1 in
list)
    inceptc weights list w.safetensors >list.txt || exit 1
    has '^a.conv.weight +F32 +\[4, 3, 3, 3\]$' list.txt
    has 'w.safetensors: safetensors, 11 tensors, 214 values, 856 bytes' list.txt
    inceptc weights list w.safetensors w.safetensors --json | /usr/bin/python3 -c "
import json, sys
f = json.load(sys.stdin)
assert len(f) == 2 and f[0]['metadata']['network'] == 'small', f
assert {'name': 'logits.bias', 'dtype': 'F32', 'shape': [5], 'bytes': 20} in f[1]['tensors']" ;;
init) # the bits of the program's init, auxiliary heads besides
    has '11 initialised weights of small, seed 4' init.txt
    inceptc small.net -o net && ./net init --seed 4 -o p.safetensors >/dev/null || exit 1
    inceptc weights diff w.safetensors p.safetensors >diff.txt && fail 'the auxiliary head is missing'
    has '9 tensors are equal, 0 differ, 2 only in w.safetensors, 0 only in p.safetensors' diff.txt
    inceptc weights init small.net --seed 4 --inference -o i.safetensors >/dev/null && inceptc weights diff i.safetensors p.safetensors ;;
heads) # a v3 of 1000 classes for 2: the report names the two heads and nothing else
    inceptc weights init "$here/netdefs/inception_v3.net" -o v3.safetensors >/dev/null || exit 1
    printf 'variant cats of "%s" {\n  param classes = 2\n}\nweights "v3.safetensors" except fc, AuxLogits.fc\n' "$here/netdefs/inception_v3.net" >cats.net
    inceptc weights import --for cats.net --seed 9 -o cats.safetensors >report.txt || exit 1
    grep '^fresh' report.txt >fresh.txt
    printf 'fc 2 4098\nAuxLogits.fc 2 1538\n' >want.txt
    awk '{ print $2, $3, $4 }' fresh.txt | cmp - want.txt || { cat report.txt; exit 1; }
    has 'cats: 480 weights loaded, 4 fresh; 4 tensors ignored' report.txt
    inceptc weights diff v3.safetensors cats.safetensors >diff.txt
    has '^480 tensors are equal, 4 differ, 0 only' diff.txt ;;
partial)
    refuse 1 "w.safetensors: byte [0-9]*: tensor 'aux.weight' is 5x4, but small needs 'aux.weight' as 7x4 (small.net:8)" \
        import w.safetensors --for small.net -D classes=7 -o out.safetensors
    [ "$(grep -c ' error: ' err.txt)" = 4 ] || fail 'four tensors do not fit'
    inceptc weights import w.safetensors --for small.net -D classes=7 --partial -o p.safetensors >report.txt || exit 1
    has '^fresh +logits +2 +49 +the file has 5x6' report.txt
    inceptc weights import w.safetensors --for small.net -D classes=7 --partial -o p.safetensors --json | /usr/bin/python3 -c "
import json, sys
r = json.load(sys.stdin)
assert r['loaded'] == 7 and r['fresh'] == 4 and r['problems'] == [], r
assert sorted(g['layer'] for g in r['groups'] if g['status'] == 'fresh') == ['aux', 'logits']" ;;
leftover)
    tensors x.safetensors '{"extra.weigth": f(2, 2)}'
    refuse 1 "x.safetensors: byte [0-9]*: tensor 'extra.weigth', 2x2, is no weight of small" import w.safetensors x.safetensors --for small.net -o out.safetensors
    tensors x.safetensors '{"logits.weigth": f(5, 6)}'
    refuse 1 "did you mean 'logits.weight'?" import w.safetensors x.safetensors --for small.net -o out.safetensors
    tensors n.safetensors '{"a.bn.num_batches_tracked": f(1)}'
    inceptc weights import w.safetensors n.safetensors --for small.net -o p.safetensors >report.txt || exit 1
    has '^ignored +num_batches_tracked +1 +1 +counts batches' report.txt ;;
missing)
    inceptc weights init small.net --inference -o i.safetensors >/dev/null
    refuse 1 "there is no tensor 'aux.weight', which small needs as 5x4" import i.safetensors --for small.net -o out.safetensors
    has 'inference asks only for' err.txt
    inceptc weights import i.safetensors --for small.net --inference -o p.safetensors >report.txt || exit 1
    has 'small: 9 weights loaded, 0 fresh; 0 tensors ignored' report.txt
    inceptc weights import w.safetensors --for small.net --inference -o p.safetensors >report.txt || exit 1
    has '^ignored +aux +2 +25 +only training needs it' report.txt ;;
shape)
    tensors x.safetensors '{"b.weight": f(6, 4)}' # a 1x1 convolution is a matrix
    cp w.safetensors all.safetensors
    inceptc weights import x.safetensors --for small.net --partial -o p.safetensors >report.txt || exit 1
    has '^loaded +b.*' report.txt
    tensors x.safetensors '{"b.weight": f(4, 6)}'
    refuse 1 "tensor 'b.weight' is 4x6, but small needs 'b.weight' as 6x4x1x1" import x.safetensors --for small.net -o out.safetensors ;;
maps)
    inceptc weights init "$here/netdefs/bn_inception.net" -o bn.safetensors >/dev/null || exit 1
    inceptc weights export "$here/netdefs/bn_inception.net" --weights bn.safetensors --names cadene_bninception -o cadene.safetensors >/dev/null || exit 1
    inceptc weights list cadene.safetensors >list.txt
    has '^inception_3a_3x3_reduce_bn.running_var +F32 +\[64\]$' list.txt
    refuse 1 'with --names cadene_bninception 416 do' import cadene.safetensors --for "$here/netdefs/bn_inception.net" -o out.safetensors
    inceptc weights import cadene.safetensors --for "$here/netdefs/bn_inception.net" --names cadene_bninception -o back.safetensors >report.txt || exit 1
    cmp bn.safetensors back.safetensors || exit 1
    echo 'nothing\.here a.conv.weight' >m.map
    refuse 1 'm.map:1: this rule matches no tensor of the file' import w.safetensors --for small.net --names m.map -o out.safetensors
    printf 'a.conv.(.*) b.\\1\n' >m.map
    refuse 1 "tensors 'a.conv.weight' and 'b.weight' are both 'b.weight'\|is 4x3x3x3, but small needs 'b.weight'" import w.safetensors --for small.net --names m.map -o out.safetensors
    refuse 3 'no_such_map.map: cannot read' import w.safetensors --for small.net --names no_such_map -o out.safetensors ;;
layouts) # HWIO, depthwise HWIM, IO, a flattened head, the background class
    cat >l.net <<'N'
net l
conventions torch
input x 4x6x6
a = conv 3x2 8 valid bias
d = conv 2x2 8 groups=8 valid nobias
f = fc 3
output f
N
    inceptc weights init l.net --seed 2 -o own.safetensors >/dev/null || exit 1
    cat >l.map <<'N'
a/kernel a.weight hwio
a/bias a.bias
d/depthwise d.weight hwim
f/kernel f.weight io:3x4x8[1:]
f/bias f.bias [1:]
N
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from formula import header_of, write
h, data, at = header_of('own.safetensors')
t = {k: np.frombuffer(data[at + v['data_offsets'][0]:at + v['data_offsets'][1]], '<f4').reshape(v['shape']) for k, v in h.items() if k != '__metadata__'}
head = t['f.weight'].reshape(3, 8, 3, 4).transpose(2, 3, 1, 0).reshape(-1, 3) # rows, columns, channels, outputs
head = np.concatenate([np.full((head.shape[0], 1), 7, np.float32), head], 1)
write('foreign.safetensors', {
    'a/kernel': np.ascontiguousarray(t['a.weight'].transpose(2, 3, 1, 0)), 'a/bias': t['a.bias'],
    'd/depthwise': np.ascontiguousarray(t['d.weight'].reshape(4, 2, 2, 2).transpose(2, 3, 0, 1)),
    'f/kernel': np.ascontiguousarray(head), 'f/bias': np.concatenate([[7], t['f.bias']]).astype(np.float32)})
P
    inceptc weights import foreign.safetensors --for l.net --names l.map -o got.safetensors >report.txt || exit 1
    inceptc weights diff own.safetensors got.safetensors ;;
gamma) # ones, and the report says so
    tensors x.safetensors '{"a.conv.weight": f(4,3,3,3), "a.bn.bias": f(4), "a.bn.running_mean": f(4), "a.bn.running_var": f(4), "b.weight": f(6,4,1,1), "b.bias": f(6), "logits.weight": f(5,6), "logits.bias": f(5), "aux.weight": f(5,4), "aux.bias": f(5)}'
    inceptc weights import x.safetensors --for small.net -o p.safetensors >report.txt || exit 1
    has "^fresh +a.bn +1 +4 +the file's batch norms have no gamma: ones" report.txt
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from formula import header_of
h, data, at = header_of('p.safetensors')
a, b = h['a.bn.weight']['data_offsets']
assert (np.frombuffer(data[at + a:at + b], '<f4') == 1).all()
P
    ;;
eps)
    printf '@eps 0.001\n(.*) \\1\n' >m.map
    refuse 1 "m.map: the source's batch norms have epsilon 0.001, but 'a' of small has 1e-05 (small.net:5)" import w.safetensors --for small.net --names m.map -o out.safetensors
    printf '@eps 1e-5\n(.*) \\1\n' >m.map
    inceptc weights import w.safetensors --for small.net --names m.map -o p.safetensors >/dev/null ;;
quantised) # value = scale * (q - zero_point)
    /usr/bin/python3 - <<'P' || exit 1
import json, struct
body = bytes([0, 10, 255, 1, 2, 3]) + struct.pack('<24f', *range(24))
head = {'__metadata__': {'b.bias.scale': '0.5', 'b.bias.zero_point': '10'},
        'b.bias': {'dtype': 'U8', 'shape': [6], 'data_offsets': [96, 102]}, 'b.weight': {'dtype': 'F32', 'shape': [6, 4], 'data_offsets': [0, 96]}}
text = json.dumps(head).encode()
text += b' ' * (-len(text) % 8)
open('q.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + body[6:] + body[:6])
P
    inceptc weights import q.safetensors --for small.net --partial -o p.safetensors >/dev/null || exit 1
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import sys, struct
sys.path.insert(0, sys.argv[1])
from formula import header_of
h, data, at = header_of('p.safetensors')
a, b = h['b.bias']['data_offsets']
assert struct.unpack('<6f', data[at + a:at + b]) == (-5, 0, 122.5, -4.5, -4, -3.5)
P
    inceptc weights import q.safetensors -o kept.safetensors >/dev/null && inceptc weights list kept.safetensors >list.txt
    has '^b.bias +U8 ' list.txt
    has 'b.bias.scale: 0.5' list.txt ;;
merge) # several files, every dtype kept
    tensors x.safetensors '{"x": f(2)}'
    inceptc weights import w.safetensors x.safetensors -o all.safetensors >out.txt || exit 1
    has 'all.safetensors: 12 tensors' out.txt
    refuse 1 "two tensors named 'x'" import x.safetensors x.safetensors -o out.safetensors ;;
structure) # a file knows the layers it was made for
    sed 's/^b = conv/b = avgpool 3x3 -> conv/' small.net >other.net
    inceptc weights diff w.safetensors small.net >diff.txt || fail 'it was made for it'
    has '^11 of 11 weights match, 0 problems, made for these layers' diff.txt
    inceptc weights diff w.safetensors other.net >diff.txt && fail 'a pool more'
    has 'b.avgpool3x3: only in small: avgpool 4x8x8' diff.txt
    inceptc other.net -o net || exit 1
    ./net predict "$here/demo/cat.png" --weights w.safetensors >out.txt 2>err.txt && fail 'weights for other layers were taken'
    has "w.safetensors: made for other layers than those of 'small'" err.txt
    inceptc weights import w.safetensors --for other.net -o o.safetensors >/dev/null && ./net info >/dev/null && ./net bench --weights o.safetensors --seconds 0.01 >/dev/null ;;
hostile) # many tensors, many dimensions, long names: within 5 seconds and 1 GB
    /usr/bin/python3 - <<'P' || exit 1
import json, struct
def write(path, head):
    text = json.dumps(head, separators=(',', ':')).encode()
    open(path, 'wb').write(struct.pack('<Q', len(text)) + text)
write('many.safetensors', {'t%d.bn.weigth' % i: {'dtype': 'F32', 'shape': [0], 'data_offsets': [0, 0]} for i in range(65536)})
write('dims.safetensors', {'logits.weight': {'dtype': 'F32', 'shape': [1] * 3000000 + [0], 'data_offsets': [0, 0]}})
write('long.safetensors', {'a' * 5000000: {'dtype': 'F32', 'shape': [0], 'data_offsets': [0, 0]}})
P
    printf '(a*)(a*)(a*)(a*)(a*)b \\1\n' >m.map
    # within CODE ARGUMENT...
    within() {
        want=$1
        shift
        (ulimit -v 1048576; timeout 5 inceptc weights "$@" >out.txt 2>err.txt)
        code=$?
        [ $code -eq "$want" ] || { head -c 300 err.txt; fail "exit $code instead of $want: $*"; }
    }
    for f in many dims long; do
        within 1 import $f.safetensors --for small.net -o out.safetensors
        within 1 import $f.safetensors --for small.net --names m.map -o out.safetensors
        within 0 import $f.safetensors --for small.net --partial -o p.safetensors
        within 0 list $f.safetensors
        within 1 diff $f.safetensors w.safetensors
    done ;;
usage)
    refuse 2 "weights knows no 'imprt'; did you mean 'import'?" imprt w.safetensors
    refuse 2 'say -o FILE' import w.safetensors
    refuse 2 'there is no file' import -o out.safetensors
    refuse 2 'names none with' import --for small.net -o out.safetensors
    refuse 2 '--names needs --for' import w.safetensors --names x -o out.safetensors
    refuse 2 'an operand is missing' diff w.safetensors
    refuse 2 "option '--calibrate' does not go with 'weights'" list w.safetensors --calibrate x
    refuse 3 'no.safetensors' list no.safetensors
    refuse 1 'small.net: ' list small.net
    refuse 3 'nofolder/out.safetensors' import w.safetensors -o nofolder/out.safetensors ;;
*) fail "no case $1" ;;
esac
