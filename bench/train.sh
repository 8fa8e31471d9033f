#!/bin/sh
# train.sh [ROUNDS]: a step of training beside PyTorch's (Debian's python3-torch and python3-torchvision), two threads, turns; best and median of
# each turn in milliseconds, PyTorch's better layout. Steps need no data: pictures are random, and the loader is not in it.
cd "$(dirname "$0")/.." || exit 1
rounds=${1:-2}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cc -O2 -std=gnu11 -o "$work/train_step" bench/train_step.c build/libinceptrt.a -ljpeg -lpng -lz -lm -lpthread -ldl || exit 1
cat >"$work/classic.net" <<N
variant classic of "$PWD/netdefs/inception_v3.net" {
  param classes = 2
}
freeze all except fc, AuxLogits.fc FROZEN
train {
  loss = xent(fc) + 0.3*xent(AuxLogits)
  opt = adam(0.01)
}
N
sed 's/FROZEN//; s/variant classic/variant frozen/' "$work/classic.net" >"$work/frozen.net"
sed -i 's/FROZEN/bn=batch/' "$work/classic.net"
build() { # NETDEF, NAME
    build/inceptc "$1" --train --target=native --numerics fast -o "$work/$2.c" &&
        cc -std=gnu11 -O2 -ffp-contract=off -shared -fPIC -Iruntime "$work/$2.c" build/libinceptrt.a -lm -o "$work/$2.so" || exit 1
}
build netdefs/googlenet_tv.net googlenet_tv
build netdefs/inception_v3.net inception_v3
build "$work/classic.net" classic
build "$work/frozen.net" frozen
ours() { "$work/train_step" "$work/$1.so" "$1_network" "$2" 2 8; }
theirs() { for l in plain channels_last; do echo "PyTorch $1 batch $2 $l: $(/usr/bin/python3 bench/train_peers.py "$1" "$2" $l 5) ms"; done; }
grep -m1 'model name' /proc/cpuinfo
/usr/bin/python3 -c 'import torch, torchvision; print("torch", torch.__version__, "torchvision", torchvision.__version__)'
for r in $(seq "$rounds"); do
    echo "round $r, load $(cut -d' ' -f1 /proc/loadavg)"
    ours googlenet_tv 16
    theirs googlenet 16
    ours inception_v3 8
    theirs inception_v3 8
    ours frozen 16
    ours classic 16
    theirs classic 16
done
