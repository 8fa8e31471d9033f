#!/bin/sh
# A signal in the middle of validation: nothing of it counts, and the resumed run ends as one that was never interrupted.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo validation; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { cat log; echo "$*"; exit 1; }
sed 's|^  train = \(.*\)|  train = \1\n  valid = \1|; s/steps  = 40/steps = 4/' "$here/tests/train/example.net" >e.net
"$here/build/inceptc" e.net --train --target=native -o e || exit 1
./e train --threads 2 --experiment whole >log 2>&1 || fail 'the run itself'
: >log # by this shell: the run before has said what is waited for
./e train --threads 1 --workers 0 --experiment cut >log 2>&1 & # slow: the signal comes long before its end
n=0
until grep -q 'Epoch 1/1: 100%' log || [ $((n += 1)) -gt 3000 ]; do sleep 0.02; done
kill -INT $!
wait $!
[ $? = 130 ] || fail 'it was not interrupted'
[ "$(wc -l <runs/cut/log.csv)" -le 1 ] || fail 'an epoch without its validation has a row'
[ ! -e runs/cut/best.safetensors ] || fail 'part of a validation was the best'
./e train --threads 2 --resume runs/cut >log 2>&1 || fail 'resume'
cmp runs/whole/last.safetensors runs/cut/last.safetensors && cmp runs/whole/best.safetensors runs/cut/best.safetensors || fail 'other weights or another best'
validation() { # the last row's columns of validation
    /usr/bin/python3 -c 'import csv, sys; r = list(csv.DictReader(open(sys.argv[1]))); print(len(r), [v for k, v in r[-1].items() if k.startswith("validation")])' "$1"
}
[ "$(validation runs/cut/log.csv)" = "$(validation runs/whole/log.csv)" ] || fail 'the table has other figures'
