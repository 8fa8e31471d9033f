#!/bin/sh
# The explicit form (--dump=net) of every network and of random ones parses back to the same graph, and prints itself again.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    echo random settings names arithmetic
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
# round FILE: to the explicit form and back.
round() {
    $inceptc "$1" --dump=net >explicit.net && $inceptc "$1" --dump=graph >want && $inceptc explicit.net --dump=graph >got || return 1
    [ -s want ] && diff want got && $inceptc explicit.net --dump=net | diff explicit.net -
}
case $1 in
random)
    for s in $(seq 1 60); do
        /usr/bin/python3 "$here/tests/random/make_net.py" "$s" >r.net && round r.net || { cat r.net; exit 1; }
    done ;;
settings)
    cat >s.net <<'N'
net s
conventions caffe
param rate = 0.01
param n = 4 range 1 .. 8
input x 3x16x16
a = conv 3x3 n relu
conv 3x3 8
conv 3x3 8 linear
lrn
b = repeat 3 conv 3x3 8 same
c = conv 1x1 (n*2) -> maxpool 2x2/2
d = concat { conv 1x1 2 | maxpool 3x3 }
e = fc 5
f = a -> fc 5
output e -> softmax
weights "w.safetensors" except e, "f*"
freeze a .. b bn=batch
data d { train = folder("t") # a comment
  view = resize 32
         -> centercrop 16 }
train { loss = xent(e) + 0.5*xent(f, smooth=0.1)
  opt = sgd(rate, momentum=0.9)   # 'rate' is a parameter
  batch = n }
N
    round s.net && grep -q 'opt = sgd(0.01, momentum=0.9)' explicit.net && grep -q 'view = resize 32 -> centercrop 16$' explicit.net &&
        grep -q '^  batch = 4$' explicit.net && grep -q '^conv3x3_2 = ' explicit.net && grep -q '^lrn_1 = ' explicit.net ;;
arithmetic) # channels by every function; max is a layer besides
    cat >m.net <<'N'
net m
conventions torch
param x = 20
param w = max(8, x/2) range max(1, 2) .. max(x, 30)
input i 3x8x8
a = conv 1x1 (max(w, 4) + min(w, 3))
b = max { conv 1x1 (max(1, -(2))) | conv 1x1 (floor(1.9)) }
c = concat { conv 1x1 (ceil(1.1)) | conv 1x1 (round(2.5)) | conv 1x1 (round8(11)) }
output c
N
    $inceptc m.net --dump=net | sed -n 's/^\(a\|b[.a-z0-9_]*\|c[.a-z0-9_]*\) = .* conv 1x1 \([0-9]*\) .*/\1 \2/p' >got
    printf 'a 13\nb.conv1x1 1\nb.conv1x1_2 1\nc.conv1x1 2\nc.conv1x1_2 3\nc.conv1x1_3 8\n' | diff - got && round m.net &&
        $inceptc fmt m.net -o - | diff m.net - ;;
names) # of layers in a statement beside those of its only module
    cat >n.net <<'N'
net n
conventions torch
module m = concat { conv 3x3 4 same | maxpool 3x3 -> conv 1x1 4 }
input x 3x16x16
a = m -> maxpool 3x3/2 -> concat { in | maxpool 3x3 }
output a
N
    round n.net && grep -o ' path=[^ ]*' want >paths && sort paths | uniq -d | grep . && { echo 'two layers have this name'; exit 1; }
    grep -q 'path=a.maxpool3x3_2$' paths && grep -q 'path=a.concat_2$' paths || { cat paths; exit 1; } ;;
*) round "$here/netdefs/$1.net" ;;
esac
