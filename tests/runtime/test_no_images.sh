#!/bin/sh
# --no-images: the program is small, needs libc, libm and threads alone, reads PPM, PGM, BMP and .npy as any other, and says what to do with the rest.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo sizes musl libraries command same_logits refused expected usage; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
fail() { echo "$*"; exit 1; }
has() { grep -qE -- "$1" "$2" || { cat "$2"; fail "no line '$1'"; }; }
at_most() { # LIMIT PROGRAM
    size=$(wc -c <"$2")
    [ "$size" -le "$1" ] || fail "$2 has $size bytes; at most $1 were expected"
}
pictures() {
    /usr/bin/python3 -c "
from PIL import Image
p = Image.open('$here/demo/cat.png').convert('RGB')
for end in ('ppm', 'bmp', 'jpg', 'png'): p.save('cat.' + end)
p.convert('L').save('cat.pgm')
p.convert('L').save('grey.png')"
}
refuse() { # PICTURE SENTENCE
    ./small predict "$1" --seed 1 >out.txt 2>err.txt
    got=$?
    [ $got -eq 1 ] || { cat out.txt err.txt; fail "exit $got instead of 1: $1"; }
    has "$2" err.txt
}
cat >small.net <<'N'
net small
conventions torch
input x 3x16x16
a = conv 3x3 4 same relu
logits = globalavgpool -> fc 5
output logits -> softmax
data d {
  train = folder("t")
  view = resize 16 -> centercrop 16 -> normalize(mean(0.5, 0.5, 0.5), std(0.5, 0.5, 0.5))
}
N
case $1 in
sizes) # glibc's part of a static program is 680 kB even when main is empty
    inceptc "$here/netdefs/googlenet.net" --static -o with && inceptc "$here/netdefs/googlenet.net" --static --no-images -o without || exit 1
    at_most 2500000 with
    at_most 1250000 without
    ./without info >info.txt && has '^network +googlenet' info.txt ;;
musl) # the same bits from a file that is a third of that
    inceptc "$here/netdefs/googlenet.net" --static --no-images --cc musl-gcc -o googlenet && inceptc small.net -o small || exit 1
    at_most 1000000 googlenet
    inceptc small.net --static --no-images --cc musl-gcc -o musl && ./musl selftest >/dev/null && pictures || exit 1
    ./small predict cat.ppm --seed 1 --logits a.npy >a.txt && ./musl predict cat.ppm --seed 1 --logits b.npy >b.txt && cmp a.npy b.npy && cmp a.txt b.txt ;;
libraries)
    inceptc small.net --no-images -o small && readelf -d small >needed.txt || exit 1
    has 'NEEDED.*libc\.so' needed.txt
    grep NEEDED needed.txt | grep -vE '\[(libc|libm|libpthread)\.so\.[0-9]+\]' && fail 'it needs more than libc, libm and libpthread'
    inceptc small.net -o small && readelf -d small >needed.txt && has 'NEEDED.*libjpeg' needed.txt ;; # as others do
command)
    inceptc small.net --no-images --static -o small '-###' 2>with.txt && inceptc small.net --static -o small '-###' 2>without.txt || exit 1
    has 'image_no_libraries\.c .*libinceptrt\.a -lm -lpthread$' with.txt
    has 'libinceptrt\.a -ljpeg -lpng -lz -lm -lpthread$' without.txt ;;
same_logits)
    inceptc small.net -o large && inceptc small.net --no-images -o small && pictures || exit 1
    for pair in png:ppm png:bmp; do
        ./large predict cat.${pair%:*} --seed 1 --logits a.npy >/dev/null && ./small predict cat.${pair#*:} --seed 1 --logits b.npy >/dev/null && cmp a.npy b.npy || fail "$pair"
    done
    ./large predict grey.png --seed 1 --logits grey.npy >/dev/null && ./small predict cat.pgm --seed 1 --logits b.npy >/dev/null && cmp grey.npy b.npy || fail grey
    cmp -s a.npy grey.npy && fail 'the picture was not looked at'
    /usr/bin/python3 -c "
import numpy as np
np.save('x.npy', np.random.RandomState(1).rand(3, 16, 16).astype(np.float32))"
    ./large predict x.npy --seed 1 --logits a.npy >/dev/null && ./small predict x.npy --seed 1 --logits b.npy >/dev/null && cmp a.npy b.npy ;;
refused)
    inceptc small.net --no-images -o small && pictures || exit 1
    refuse cat.jpg 'cat.jpg: a JPEG picture, but this program was compiled with --no-images: it reads PPM, PGM, BMP and .npy; convert the picture'
    refuse cat.png 'cat.png: a PNG picture, .*convert the picture to one of these, or compile the network without --no-images$' ;;
expected) # no other picture is promised
    inceptc small.net --no-images -o small || exit 1
    refuse small.net 'begins with bytes 6e 65 .*; a BMP, PPM or PGM picture was expected$'
    inceptc small.net -o small && refuse small.net '; a JPEG, PNG, BMP, PPM or PGM picture was expected$' ;;
usage)
    inceptc small.net --no-images -o small.c 2>err.txt
    [ $? -eq 2 ] && has '--no-images goes with a program' err.txt ;;
*) fail "no case $1" ;;
esac
