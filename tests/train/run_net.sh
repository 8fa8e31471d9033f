#!/bin/sh
# run_net.sh SEED|NAME [CC [OPTION...]]: three steps of SGD of a random network, or of NAME.net beside this file, on every target and level
# of numerics, by one, two and three threads, beside the double-precision interpreter.  Options are inceptc's.
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $1 in
*[!0-9]*) cp "$here/tests/train/$1.net" r.net || exit 1 ;;
*) /usr/bin/python3 "$here/tests/random/make_net.py" "$1" train >r.net || exit 1 ;;
esac
seed=$1 cc=${2:-gcc}
shift $(($# < 2 ? $# : 2))
fail() { cat r.net; echo "$seed: $1"; exit 1; }
name=$(sed -n 's/^net //p' r.net)
n=0
for numerics in ${NUMERICS:-exact fast}; do
    "$here/build/inceptc" r.net --train --numerics $numerics "$@" -o net.c || fail "$numerics"
    sh "$here/tests/avx512/cc.sh" $cc -std=gnu11 -O1 -ffp-contract=off -Wall -Wextra -Werror -shared -fPIC -I"$here/runtime" net.c "$here/build/libinceptrt.a" -lm -o net.so || fail "$cc"
    for target in 0 1 2; do
        [ $target = 0 ] && [ $numerics = fast ] && continue
        "$here/build/gradient_tool" r.net ./net.so "${name}_network" 3 $((target + 1)) 3 $target || fail "$numerics, target $target"
        n=$((n + 1))
    done
done
echo "$n runs"
