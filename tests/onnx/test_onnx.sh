#!/bin/sh
# ONNX files of every network and of random ones, read by Debian's onnx; bad input. Numbers are judged by `make check-peers`.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ "$1" = --list ]; then
    for n in "$here"/netdefs/*.net; do basename "$n" .net; done
    (cd "$here/tests/onnx/corners" && for n in *.net; do echo "corners-$(basename "$n" .net)"; done)
    echo random counts text training same_bytes memory usage weights full_disk limit no_folder directory too_large interrupt keeps_output
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc
fail() { echo "$*"; [ ! -f err.txt ] || { echo "--- it said:"; head -c 600 err.txt; }; exit 1; }
# refuse CODE PATTERN ARGUMENT...: inceptc must exit with CODE, say PATTERN and leave nothing that begins with "out".
refuse() {
    code=$1 pattern=$2
    shift 2
    timeout 20 "$inceptc" "$@" >out.txt 2>err.txt
    got=$?
    rm -f out.txt
    [ $got -eq "$code" ] || fail "exit $got instead of $code: inceptc $*"
    grep -q -- "$pattern" err.txt || fail "'$pattern' is not in the message of: inceptc $*"
    [ -z "$(ls | grep '^out')" ] || fail "left behind: $(ls)"
}
# structure FILE: exported with weights that calibration would not change the form of.
structure() {
    printf 'import sys\nsys.path.insert(0, "%s")\n' "$here/tests/peers" >weights.py
    cat >>weights.py <<'P'
import numpy as np
from formula import uniform, write
tensors = {}
for line in open('graph.txt'):
    word = line.split()
    if word[0] == 'weight': # statistics too are drawn: var above 0
        shape, role = tuple(map(int, word[2].split('x'))), word[3].split('=')[1]
        u = uniform(word[1], int(np.prod(shape))).reshape(shape)
        tensors[word[1]] = (1.5 + u if role in ('var', 'gamma') else u).astype(np.float32)
write('w.safetensors', tensors)
P
    $inceptc "$1" --dump=after:remove-dead >graph.txt && /usr/bin/python3 weights.py && /usr/bin/python3 "$here/tests/onnx/structure.py" "$inceptc" "$1"
}
googlenet=$here/netdefs/googlenet.net
tiny='net t\nconventions torch\ninput x 3x8x8\na = conv 3x3 4 bn\nlogits = globalavgpool -> fc 5\noutput logits -> softmax\n'
case $1 in
random)
    for s in $(seq 1 40); do
        /usr/bin/python3 "$here/tests/random/make_net.py" "$s" >r.net && structure "$PWD/r.net" || { cat r.net; exit 1; }
    done ;;
corners-*) structure "$here/tests/onnx/corners/${1#corners-}.net" ;;
counts) # as torch 1.13 exports torchvision's inception_v3, which makes 11 Concat of 15: it merges the four that stand in others
    structure "$here/netdefs/inception_v3.net" >counts.txt || fail counts
    for c in "'Conv': 94" "'Relu': 94" "'Concat': 15" "'AveragePool': 9" "'MaxPool': 4" "'GlobalAveragePool': 1" "'Flatten': 1" "'Gemm': 1"; do
        grep '^fused' counts.txt | grep -q "$c[,}]" || fail "no $c in $(cat counts.txt)"
    done
    grep -q '^94 batch norms folded' counts.txt ;;
text | training)
    { printf 'net t\ninput x 4x2x2\n'
      case $1 in
      text) echo 'node slice path=s in=x out=s:2x2x2 begin=1' ;;
      training) echo 'node bn_stats path=s in=x out=m:4,v:4' ;;
      esac
      echo 'output '"$([ $1 = text ] && echo s || echo m)"; } >g.txt
    "$here/build/graph_to_onnx" g.txt out.onnx 2>err.txt
    got=$?
    if [ $1 = training ]; then
        [ $got -eq 1 ] && grep -q "'s' has no form in ONNX: the operator bn_stats is for training" err.txt && [ ! -e out.onnx ] || fail "exit $got"
    else
        [ $got -eq 0 ] || fail "exit $got"
        /usr/bin/python3 -c "
import onnx
from onnx import numpy_helper
m = onnx.load('out.onnx')
onnx.checker.check_model(m, full_check=True)
print(m.graph)
assert [n.op_type for n in m.graph.node] == ['Slice']
assert [numpy_helper.to_array(t).tolist() for t in m.graph.initializer] == [[1], [3], [1]]" || fail slice
    fi ;;
same_bytes)
    $inceptc "$googlenet" --seed 3 -o a.onnx && $inceptc "$googlenet" --seed 3 -o b.onnx && cmp a.onnx b.onnx &&
        $inceptc "$googlenet" --seed 4 -o b.onnx && ! cmp -s a.onnx b.onnx ;;
memory) # a file of 223 MB: the memory is that of the largest layer, not of the file
    (ulimit -v 120000; $inceptc "$here/netdefs/inception_resnet_v2.net" --seed 1 -o big.onnx) && [ $(wc -c <big.onnx) -gt 220000000 ] ;;
usage)
    refuse 2 'out.onnx. holds weights: say --weights FILE, or --seed N' "$googlenet" -o out.onnx
    refuse 2 'from a seed, not from both' "$googlenet" -o out.onnx --seed 1 --weights w.safetensors
    refuse 2 'onnx-unfused is for -o FILE.onnx' "$googlenet" -o out.c --onnx-unfused
    refuse 2 "did you mean '--onnx-unfused'" "$googlenet" -o out.onnx --onnx-unfussed ;;
weights)
    printf "$tiny" >t.net
    printf "$tiny" | sed 's/conv 3x3 4/conv 3x3 6/' >u.net
    printf "$tiny" | sed 's/^a = /b = /' >v.net
    for n in t u v; do $inceptc $n.net --target=plain -o $n && ./$n init --seed 1 -o $n.safetensors >init.txt || fail init; done
    $inceptc t.net --weights t.safetensors -o good.onnx || fail 'its own weights'
    refuse 1 "u.safetensors: tensor 'a.conv.weight' is .6, 3, 3, 3., but the network needs 4x3x3x3" t.net --weights u.safetensors -o out.onnx
    refuse 1 "v.safetensors: there is no tensor 'a.conv.weight'" t.net --weights v.safetensors -o out.onnx
    head -c 500 t.safetensors >short.safetensors
    refuse 1 'short.safetensors' t.net --weights short.safetensors -o out.onnx
    refuse 1 't.net' t.net --weights t.net -o out.onnx
    refuse 3 'no.safetensors' t.net --weights no.safetensors -o out.onnx ;;
full_disk)
    ln -s /dev/full disk.onnx
    refuse 3 'No space left on device' "$googlenet" --seed 1 -o disk.onnx ;;
limit) # a file may grow to 8 KB, memory to 40 MB
    (ulimit -f 16; trap '' XFSZ; refuse 3 'File too large' "$googlenet" --seed 1 -o out.onnx) &&
        printf 'net t\nconventions torch\ninput x 3x200x200\nlogits = fc 200\noutput logits\n' >t.net &&
        (ulimit -v 60000; refuse 3 "out of memory for tensor 'logits.weight'" t.net --seed 1 -o out.onnx) ;;
no_folder) refuse 3 'No such file or directory' "$googlenet" --seed 1 -o nowhere/out.onnx ;;
directory) mkdir d.onnx; refuse 3 'd.onnx: cannot write' "$googlenet" --seed 1 -o d.onnx; [ -d d.onnx ] || fail 'the directory is gone' ;;
too_large)
    printf 'net t\nconventions torch\ninput x 4x200x200\nlogits = fc 4000\noutput logits\n' >t.net
    refuse 1 'an ONNX file holds at most 2147483647' t.net --seed 1 -o out.onnx ;;
interrupt)
    for signal in INT TERM; do
        env --default-signal=INT,TERM "$inceptc" "$here/netdefs/inception_v1_naive.net" --seed 1 -o out.onnx 2>err.txt &
        pid=$!
        for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ls | grep -q '^out.onnx.tmp' && break; sleep 0.1; done
        ls | grep -q '^out.onnx.tmp' || fail 'it was not caught writing'
        kill -$signal $pid
        wait $pid
        got=$?
        [ $got -gt 128 ] || fail "exit $got after SIG$signal"
        [ -z "$(ls | grep '^out')" ] || fail "left behind: $(ls)"
    done ;;
keeps_output)
    printf "$tiny" >t.net
    printf "$tiny" | sed 's/^a = /b = /' >v.net
    $inceptc v.net --target=plain -o v && ./v init --seed 1 -o v.safetensors >init.txt || fail init
    echo precious >keep.onnx
    refuse 1 'there is no tensor' t.net --weights v.safetensors -o keep.onnx
    [ "$(cat keep.onnx)" = precious ] && [ "$(ls | grep -c '^keep')" = 1 ] || fail "keep.onnx was overwritten" ;;
*) structure "$here/netdefs/$1.net" ;;
esac
