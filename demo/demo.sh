#!/bin/sh
# The main job on real input: text to C to a program to an answer about a photograph; a three-line variant; a training.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
inceptc=build/inceptc
bold= plain=
[ -t 1 ] && bold=$(printf '\033[1m') plain=$(printf '\033[0m')
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
now() { date +%s.%N; }
since() { echo "$(now) $1" | awk '{ printf "%.2f s", $1 - $2 }'; }

say "netdefs/googlenet.net"
cat netdefs/googlenet.net
say "inceptc netdefs/googlenet.net -o googlenet.c"
t=$(now)
$inceptc netdefs/googlenet.net -o "$work/googlenet.c" || exit 1
echo "$(since "$t"), $(wc -l <"$work/googlenet.c") lines of C"
say "inceptc netdefs/googlenet.net -o googlenet"
t=$(now)
$inceptc netdefs/googlenet.net -o "$work/googlenet" || exit 1
echo "$(since "$t")"
say "googlenet info --layers"
"$work/googlenet" info --layers || exit 1
say "googlenet predict demo/cat.png --seed 1"
"$work/googlenet" predict demo/cat.png --seed 1 || exit 1
echo "These weights are initialised, not trained: the answer says nothing about the cat. The work behind it is real."
say "googlenet bench --seconds 2 --seed 1"
"$work/googlenet" bench --seconds 2 --seed 1 || exit 1
say "demo/wide.net: a variant in three lines"
cat demo/wide.net
$inceptc demo/wide.net -o "$work/wide" || exit 1
$inceptc summary netdefs/googlenet.net demo/wide.net
"$work/wide" predict demo/cat.png --seed 1 --top 1
say "netdefs/fashion.net: a network that trains"
cat netdefs/fashion.net
say "inceptc netdefs/fashion.net --train -o fashion"
t=$(now)
$inceptc netdefs/fashion.net --train -o "$work/fashion" || exit 1
echo "$(since "$t")"
say "fashion train --epochs 1"
"$work/fashion" train --epochs 1 --output "$work/runs" --experiment demo || exit 1
say "fashion predict demo/fashion/*.png --weights demo/fashion/fashion.safetensors"
echo "These weights are of a longer training by the same program."
"$work/fashion" predict demo/fashion/*.png --weights demo/fashion/fashion.safetensors --labels demo/fashion/class_names.txt --top 2 || exit 1
