#!/bin/sh
# explain of a layer: values and their places, what a step took in, modules, names that are no layer's.
nets="googlenet googlenet_tv inception_resnet_v1 variants/inception_v3_tf fashion"
[ "$1" = --list ] && { echo $nets text names probe; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
inceptc=$here/build/inceptc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "$1"; cat out.txt 2>/dev/null; exit 1; }
cat >n.net <<'N'
net n
conventions tf
default conv { same bn relu }
module mixed(k) = concat { conv 1x1 8 | maxpool 3x3 -> conv kxk 16 nobn eps=0.01 }
input image 3x17x17
stem = conv 3x3/2 32 pad(1, 0) -> avgpool 2x2/2
a = mixed(1)
aux = a -> fc 5
logits = a -> globalavgpool -> dropout 0.4 -> fc 7 bias=0.1
output logits
N
sed -i 's/kxk/1x1/' n.net
case $1 in
text)
    $inceptc explain n.net stem --target x86-64-v3 >out.txt || fail stem
    sed -n '/layers of stem/,$p' out.txt | grep -q 'stem.avgpool2x2: avgpool at n.net:6:35, 32x9x8 -> 32x5x4' || fail 'a statement of two layers'
    grep -q '^  padding      top 1, bottom 1 *pad(1, 0), said at n.net:6:22$' out.txt || fail padding
    grep -q '^  batch norm   yes *bn, default conv at n.net:3:21$' out.txt || fail 'batch norm'
    grep -q '^  eps          0.001 *conventions tf at n.net:2:13$' out.txt || fail eps
    grep -q '^  bias         none *a batch norm follows$' out.txt || fail bias
    grep -q '^  groups       1 *not said: the language.s default$' out.txt || fail groups
    grep -q 'running_mean 32, a statistic' out.txt && grep -q 'its batch norm is inside its weights' out.txt && grep -q 'applies the ReLU' out.txt || fail step
    grep -q '^    writes .* bytes [0-9]* to [0-9]* of the arena, steps [0-9]* to [0-9]*' out.txt || fail memory
    $inceptc explain n.net a.conv1x1_2 --target x86-64-v3 >out.txt || fail a.conv1x1_2
    head -1 out.txt | grep -q 'conv at n.net:4:56, in the module used at n.net:7:5, 32x5x4 -> 16x5x4, 528 parameters, 10,240 multiply-acc' || fail 'the use'
    grep -q 'its channels 16 to 31' out.txt || fail 'its place in the concat'
    sed 's/-> avgpool 2x2\/2/-> lrn size=3 -> avgpool 2x2\/2/' n.net >lrn.net
    $inceptc explain lrn.net stem.lrn >out.txt && grep -q '^  size         3 *size=3, said at lrn.net:6:39$' out.txt || fail 'size=3 of lrn'
    $inceptc explain n.net aux >out.txt && grep -q 'no step of its own: the output does not need it' out.txt || fail aux
    $inceptc explain n.net logits.dropout >out.txt && grep -q 'no step of its own: in inference it is the identity' out.txt || fail dropout
    ;;
names)
    $inceptc explain n.net a >out.txt && [ "$(grep -c '^  a\.' out.txt)" = 4 ] || fail 'a module'
    $inceptc explain n.net logit >out.txt 2>&1
    [ $? = 1 ] && grep -q "the net has no layer 'logit'; did you mean 'logits'?" out.txt || fail 'a near name'
    $inceptc explain n.net aa >out.txt 2>&1
    [ $? = 1 ] && grep -q "the net has no layer 'aa'; did you mean 'a'?" out.txt || fail 'a near module'
    $inceptc explain n.net nothing_like_it >out.txt 2>&1
    [ $? = 1 ] && grep -q "the net has no layer 'nothing_like_it'$" out.txt || fail 'a far name'
    $inceptc explain n.net logits >/dev/full 2>out.txt
    [ $? = 3 ] || fail 'a full disk'
    ;;
probe)
    $inceptc explain n.net --target x86-64-v3 >model.txt || fail explain
    $inceptc explain n.net --target x86-64-v3 --probe >out.txt || fail '--probe'
    head -1 model.txt | grep -q 'of the modelled processor$' && head -1 out.txt | grep -q 'of this processor$' || fail 'whose time'
    cut -c 1-100 model.txt | sed 1d >a && cut -c 1-100 out.txt | sed 1d >b && cmp a b || fail 'the choices depend on the machine'
    awk 'NF > 7 { print $(NF - 2) }' out.txt | sed 1,3d >b && awk 'NF > 7 { print $(NF - 2) }' model.txt | sed 1,3d >a && ! cmp -s a b || fail 'nothing was measured'
    ms=$(sed -n 's/.*expected \([0-9.]*\) ms.*/\1/p' out.txt)
    awk "BEGIN { exit !($ms >= 0 && $ms < 1000) }" || fail 'milliseconds'
    $inceptc explain n.net --target plain --probe >out.txt 2>&1
    [ $? = 2 ] && grep -q 'cannot measure target plain here: it has no vectors' out.txt || fail plain
    $inceptc n.net --probe -o n.c >out.txt 2>&1
    [ $? = 2 ] && [ ! -e n.c ] && grep -q -- '--probe goes with' out.txt || fail 'compiling'
    ;;
*)
    cd "$here/netdefs" && /usr/bin/python3 "$here/tests/explain/layers.py" "$inceptc" "$1.net" ;;
esac
