#!/bin/sh
# --embed and --static: weights inside the program give the same bits as from a file; what does not fit is refused; nothing is left.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo same_bits static formats wrong structure quotes usage full_disk; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
export TMPDIR=$work/tmp
mkdir tmp
fail() { echo "$*"; exit 1; }
has() { grep -qE -- "$1" "$2" || { cat "$2"; fail "no line '$1'"; }; }
clean() { [ -z "$(ls -A tmp)" ] || fail "left in TMPDIR: $(ls tmp)"; }
cat >small.net <<'N'
net small
conventions torch
input x 3x16x16
a = conv 3x3 4 same bn relu
b = conv 1x1 6 bias
logits = globalavgpool -> fc 5
aux = a -> globalavgpool -> fc 5
output logits -> softmax
data d {
  train = folder("t")
  view = resize 16 -> centercrop 16 -> normalize(mean(0.5, 0.5, 0.5), std(0.5, 0.5, 0.5))
}
N
inceptc weights init small.net --seed 4 -o w.safetensors >/dev/null && inceptc small.net -o net || exit 1
refuse() {
    code=$1 pattern=$2
    shift 2
    inceptc small.net "$@" >out.txt 2>err.txt
    got=$?
    [ $got -eq "$code" ] || { cat err.txt; fail "exit $got instead of $code: $*"; }
    has "$pattern" err.txt
    [ ! -e inside ] || fail "inside was left by: $*"
    clean
}
case $1 in
same_bits)
    inceptc small.net -o inside --embed w.safetensors || exit 1
    clean
    ./net predict "$here/demo/cat.png" --weights w.safetensors --logits a.npy >a.txt && ./inside predict "$here/demo/cat.png" --logits b.npy >b.txt || exit 1
    cmp a.npy b.npy && cmp a.txt b.txt || exit 1
    ./inside info >info.txt && has '^weights +[0-9]+ bytes inside' info.txt
    size=$(sed -n 's/^weights *\([0-9]*\) .*/\1/p' info.txt) # without the auxiliary head
    inceptc weights init small.net --seed 4 --inference -o i.safetensors >/dev/null && [ "$size" = "$(wc -c <i.safetensors)" ] || fail "$size bytes"
    inceptc weights init small.net --seed 5 -o other.safetensors >/dev/null # a file goes before what is inside
    ./inside predict "$here/demo/cat.png" --weights other.safetensors --logits b.npy >/dev/null && ! cmp -s a.npy b.npy || fail 'the file was ignored'
    ./inside selftest >/dev/null ;;
static)
    inceptc small.net -o inside --static --embed w.safetensors || exit 1
    ldd inside 2>&1 | grep -q 'not a dynamic executable\|statically linked' || { ldd inside; exit 1; }
    ./net predict "$here/demo/cat.png" --weights w.safetensors --logits a.npy >/dev/null && ./inside predict "$here/demo/cat.png" --logits b.npy >/dev/null && cmp a.npy b.npy ;;
formats) # what inceptc weights reads can be embedded: an .npz here
    /usr/bin/python3 - "$here/tests/peers" <<'P' || exit 1
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from formula import header_of
h, data, at = header_of('w.safetensors')
np.savez('w.npz', **{k: np.frombuffer(data[at + v['data_offsets'][0]:at + v['data_offsets'][1]], '<f4').reshape(v['shape']) for k, v in h.items() if k != '__metadata__'})
P
    inceptc small.net -o inside --embed w.npz || exit 1
    ./net predict "$here/demo/cat.png" --weights w.safetensors --logits a.npy >/dev/null && ./inside predict "$here/demo/cat.png" --logits b.npy >/dev/null && cmp a.npy b.npy ;;
wrong)
    sed 's/fc 5/fc 6/' small.net >six.net
    inceptc weights init six.net -o six.safetensors >/dev/null
    refuse 1 "tensor 'logits.weight' is 6x6, but small needs 'logits.weight' as 5x6" -o inside --embed six.safetensors
    head -c 700 w.safetensors >cut.safetensors
    refuse 1 'cut.safetensors: ' -o inside --embed cut.safetensors
    refuse 3 'no.safetensors' -o inside --embed no.safetensors ;;
structure)
    sed 's/bn relu/bn relu eps=0.01/; s/^b = conv/b = avgpool 3x3 -> conv/' small.net >other.net
    inceptc weights init other.net -o other.safetensors >/dev/null
    refuse 1 'made for other layers than those of small' -o inside --embed other.safetensors
    has '^  note: a \(batchnorm\): eps=0.01 in other.safetensors, eps=1e-05 in small' err.txt
    has '^  note: b.avgpool3x3: only in other.safetensors: avgpool 4x16x16' err.txt
    inceptc weights import other.safetensors --for small.net -o mine.safetensors >/dev/null && inceptc small.net -o inside --embed mine.safetensors ;;
quotes) # a path is no text of the assembler
    mkdir "tmp/a \"b\\c"
    TMPDIR="$work/tmp/a \"b\\c" inceptc small.net -o inside --embed w.safetensors || exit 1
    ./inside predict "$here/demo/cat.png" >/dev/null ;;
usage)
    refuse 2 '--embed goes with a program' -o net.c --embed w.safetensors
    refuse 2 '--static goes with a program' -o net.o --static
    inceptc run small.net x --embed w 2>err.txt; has "option .--embed. does not go with .run." err.txt ;;
full_disk) # TMPDIR without room: the old program stays, nothing is left
    mkdir disk && mount -t tmpfs -o size=64k none disk 2>/dev/null || exit 0
    cp w.safetensors x.npy.safetensors
    inceptc weights init small.net --seed 4 -o all.safetensors >/dev/null
    echo old >inside
    TMPDIR=$work/disk inceptc small.net -o inside --embed all.safetensors 2>err.txt
    got=$?
    left=$(ls -A disk)
    umount disk
    [ $got -eq 3 ] || { cat err.txt; fail "exit $got"; }
    [ "$(cat inside)" = old ] && [ -z "$left" ] || fail "left: $left" ;;
*) fail "no case $1" ;;
esac
