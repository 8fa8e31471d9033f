#!/bin/sh
# --cache: the weights after three epochs have the same bits with it as without; it says where it can do nothing.
[ "$1" = --list ] && { echo same_bits random_view batch_statistics nothing_frozen; exit 0; }
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
/usr/bin/python3 - <<'P' || exit 1
import struct, random
r = random.Random(1)
n = 60
open('x', 'wb').write(struct.pack('>4i', 0x803, n, 12, 12) + bytes(r.randrange(256) for _ in range(n * 144)))
open('y', 'wb').write(struct.pack('>2i', 0x801, n) + bytes(i % 3 for i in range(n)))
P
net() { # FREEZE, VIEW
    cat <<N
net small
conventions torch
default conv { same bn relu }
input image 1x12x12
stem = conv 3x3 20 -> maxpool 2x2/2 -> concat { conv 1x1 9 | conv 3x3 12 }
logits = globalavgpool -> dropout 0.3 -> fc 3
output logits -> softmax
$1
data d {
  train = idx("x", "y")
  view = $2
}
train {
  loss = xent(logits)
  opt = adam(0.01)
  batch = 16
  epochs = 3
}
N
}
train() { "$here/build/inceptc" small.net --train --target=native -o small && ./small train --threads 2 "$@" 2>log >/dev/null || { cat log; exit 1; }; }
hash() { sha256sum <"runs/$1/last.safetensors"; }
says() { grep -q "$1" log || { echo "does not say: $1"; cat log; exit 1; }; }
case $1 in
same_bits)
    net 'freeze stem' 'normalize(mean(0.5), std(0.5))' >small.net
    train --experiment without
    train --experiment with --cache
    says '^cache: [1-9]'
    train --experiment alone --cache --threads 1 --workers 0
    [ "$(hash with)" = "$(hash without)" ] && [ "$(hash with)" = "$(hash alone)" ] ;;
random_view)
    net 'freeze stem' 'flip random -> normalize(mean(0.5), std(0.5))' >small.net
    train --cache && says 'does nothing here: the view has a random step' ;;
batch_statistics)
    net 'freeze stem bn=batch' 'normalize(mean(0.5), std(0.5))' >small.net
    train --cache && says 'does nothing here: no layer' ;;
nothing_frozen)
    net '' 'normalize(mean(0.5), std(0.5))' >small.net
    train --cache && says 'does nothing here: no layer' ;;
esac
