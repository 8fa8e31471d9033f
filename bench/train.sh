#!/bin/sh
# train.sh: steps of training beside PyTorch's newest, in both layouts, and the classic recipe with its cache: what `make bench-train` runs.
# Settings come from the environment: bench/train.py names them, and the Pythons of training.sh.
cd "$(dirname "$0")/.." || exit 1
. bench/training.sh
classic() { # NAME FREEZE: the netdef of the classic recipe, whose data lie in $work
    cat >"$work/$1.net" <<N
variant $1 of "$PWD/netdefs/inception_v3.net" {
  param classes = 2
}
freeze all except fc, AuxLogits.fc $2
data pictures {
  train = folder("$work/jpegs")
  view  = centercrop 299 -> normalize(mean(0.485, 0.456, 0.406), std(0.229, 0.224, 0.225))
}
train {
  loss  = xent(fc) + 0.3*xent(AuxLogits)
  opt   = adam(0.01)
  batch = 64
}
N
}
build() { # NETDEF: a library for train_step
    name=$(basename "$1" .net)
    build/inceptc "$1" --train --target=native --numerics fast -o "$work/$name.c" &&
        cc -std=gnu11 -O2 -ffp-contract=off -shared -fPIC -Iruntime "$work/$name.c" build/libinceptrt.a -lm -o "$work/$name.so" || exit 1
}
build_turns train_step || exit 1
classic classic_running ''
classic classic_batch bn=batch
for n in netdefs/googlenet_tv.net netdefs/inception_v3.net "$work/classic_running.net" "$work/classic_batch.net"; do build "$n"; done
build/inceptc "$work/classic_running.net" --train --target=native --numerics fast -o "$work/program" &&
    make_jpegs 128 && /usr/bin/python3 bench/train.py "$work" "$python"
