#!/bin/sh
# program.sh PROGRAM - the command line of the tiny network's program: exit codes, messages, files.
# Prints one line per failed expectation; exit status 1 when there is one.
program=$(realpath "$1") || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failures=0

# expect STATUS TEXT ARGUMENT...: runs the program; its output and messages together must hold TEXT.
expect() {
    status=$1 text=$2
    shift 2
    "$program" "$@" >out.txt 2>err.txt
    got=$?
    if [ $got -ne "$status" ] || ! cat out.txt err.txt | grep -qF -e "$text"; then
        echo "FAILED: $* (exit $got, expected $status with '$text')"
        cat out.txt err.txt
        failures=$((failures + 1))
    fi
}

# a float32 array of 2 x 3 x 3, all zero, as numpy.save writes it; wrong.npy has another shape
array() {
    { printf '\223NUMPY\001\000\166\000'
      printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': ($1), }"
      head -c "$2" /dev/zero; } >"$3"
}
array '2, 3, 3' 72 zero.npy
array '1, 2, 3, 3' 72 batch.npy
array '3, 3, 2' 72 wrong.npy
printf 'ant\nbee\ncat\ndog\n' >names.txt

expect 2 'Usage:'
expect 0 'selftest' --help
expect 0 'inceptc' --version
expect 2 "did you mean 'predict'" predikt
expect 2 "is a file, not a command" zero.npy
expect 0 '--labels' predict --help
expect 2 "did you mean '--threads'" predict --thread 2 zero.npy
expect 2 'needs a value' predict --threads
expect 2 "takes no value" predict --json=1 zero.npy
expect 2 "'x' is not a whole number" predict --threads x zero.npy
expect 2 "'0' is not a whole number" predict -k0 zero.npy
expect 2 "'-1' is not a whole number" predict --seed -1 zero.npy
expect 2 'needs IMAGE' predict --seed 1
expect 2 'no weights' predict zero.npy
expect 2 'without target x86-64-v4' predict --seed 1 --target x86-64-v4 zero.npy
expect 2 'needs --seed' init
expect 0 'w.st: 2 tensors' init --seed 5 -o w.st
expect 3 'cannot write' init --seed 5 -o nowhere/w.st
expect 0 '0.25000      0' predict --weights w.st --target plain zero.npy
expect 0 '0.25000      0  ant' predict -w w.st --labels names.txt -- zero.npy
expect 0 'know nothing' predict --seed 5 zero.npy
expect 0 '"score": 0.25' predict --json --seed 5 batch.npy
expect 1 'expected float32 2 x 3 x 3' predict --seed 5 wrong.npy zero.npy
expect 3 'No such file' predict --seed 5 none.npy
expect 3 'No such file' predict --weights none.st zero.npy
expect 1 'not a safetensors file' predict --weights zero.npy zero.npy
expect 2 'exclude each other' predict --weights w.st --seed 1 zero.npy
expect 0 'zero.npy' predict -w w.st -o y.npy --logits l.npy --threads 3 zero.npy batch.npy
cmp -s y.npy l.npy || { echo 'FAILED: logits of a network without softmax are its outputs'; failures=1; }
[ "$(stat -c %s y.npy)" -eq $((128 + 2 * 4 * 4)) ] || { echo 'FAILED: size of y.npy'; failures=1; }
head -n 3 names.txt >short.txt
expect 1 '3 lines, but the network has 4 outputs' predict -w w.st --labels short.txt zero.npy
expect 2 "'pack' needs -o" pack -w w.st
expect 0 'p.packed: 384 bytes' pack -w w.st -o p.packed --target plain
expect 0 '0.25000      0' predict -w p.packed --target plain zero.npy
expect 1 'byte 12: packed for target plain' bench -w p.packed --target x86-64-v3
head -c 100 p.packed >cut.packed
expect 1 'cut.packed: byte 100: damaged: ends here' predict -w cut.packed --target plain zero.npy

mkdir -p data/bee data/cat/deep none
cp zero.npy data/bee/
cp zero.npy data/cat/deep/
cp wrong.npy data/cat/
expect 0 '1 skipped' eval data --seed 5
expect 0 'top-1   50.00 %' eval data --seed 5
expect 0 'top-1    0.00 %' eval data --seed 5 --labels names.txt
expect 0 '1 images' eval data --seed 5 --limit 1
expect 3 'cannot read' eval nowhere --seed 5
expect 1 'no pictures' eval none --seed 5

expect 2 'needs -o' trace --seed 5 zero.npy
expect 3 'No such file' trace --seed 5 -o t.st none.npy
expect 0 'know nothing' trace --seed 5 -o t.st zero.npy batch.npy
head -c 400 t.st | grep -q '"shape":\[2,' || { echo 'FAILED: trace of two inputs'; failures=1; }
expect 0 'same bits' selftest
expect 0 '"ok": true' selftest --json
expect 0 'images/s' bench --seconds 0.01 --threads 2 --batch 2
expect 0 'batch 2 for throughput, 2 threads' bench --seconds 0.01 --threads 2 --batch 2
expect 0 'batch 2, 3 threads' bench --seconds 0.01 --threads 3 --batch 2
expect 0 '"mode": "latency"' bench --seconds 0.01 --threads 2 --batch 4 --mode latency --json
expect 0 '"mode": "throughput"' bench --seconds 0.01 --threads 3 --batch 2 --mode throughput --json
expect 2 "'fast' is not latency or throughput" bench --mode fast
expect 0 '"layers"' bench --seconds 0.01 --json --layers
expect 0 '"run_seconds": [0.' bench --seconds 0.01 --json
expect 0 'parameters  76' info --layers
expect 0 '"arena_bytes"' info --json

if [ -w /dev/full ]; then
    "$program" info >/dev/full 2>err.txt
    [ $? -eq 3 ] && grep -q 'No space' err.txt || { echo 'FAILED: a full disk is exit 3'; failures=1; }
fi
{ sleep 0.2; "$program" info 2>err.txt; echo $? >status.txt; } | true
sleep 0.3
[ "$(cat status.txt)" = 3 ] && grep -q 'Broken pipe' err.txt || { echo 'FAILED: a closed pipe is exit 3'; failures=1; }

[ $failures -eq 0 ] && echo "program: all expectations met"
[ $failures -eq 0 ]
