#!/bin/sh
# Packed weights give the bits of the file they were packed from; a damaged file, or one for another program, is refused.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo googlenet random-1; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
case $1 in
random-*) /usr/bin/python3 "$here/tests/random/make_net.py" "${1#random-}" >n.net || exit 1 ;;
*) cp "$here/netdefs/$1.net" n.net ;;
esac
inceptc() { "$here/build/inceptc" "$@" -I "$here/netdefs"; }
inceptc n.net --numerics safe -o n.o && inceptc n.net --numerics safe -o n && inceptc n.net --numerics exact -o exact || exit 1
name=$(sed -n 's/^net  *//p' n.net)
image=$(./n info --json | sed -n 's/.*"input": \[\([0-9, ]*\)\].*/\1/p')
/usr/bin/python3 -c "import numpy as np; np.save('x.npy', np.random.default_rng(1).standard_normal(($image)).astype('<f4'))" || exit 1
./n init --seed 1 -o w.safetensors >/dev/null && ./n pack --weights w.safetensors -o w.packed >said || exit 1
for j in 1 3; do # the memory is that of the packed weights and of part of the file, whoever packs
    /usr/bin/python3 - $j <<'P' || exit 1
import os, resource, subprocess, sys
subprocess.run(['./n', 'pack', '--weights', 'w.safetensors', '-o', 'again.packed', '--threads', sys.argv[1]], check=True, stdout=subprocess.DEVNULL)
took, most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, os.path.getsize('w.packed') + os.path.getsize('w.safetensors') // 4 + 12000000
took <= most or sys.exit(f'pack takes {took} bytes, not {most} at most')
P
    cmp w.packed again.packed || exit 1
done
./n pack --seed 1 -o again.packed >/dev/null 2>&1 && cmp w.packed again.packed && grep -q "^w.packed: $(stat -c %s w.packed) bytes of '$name'" said || { cat said; exit 1; }
./n predict x.npy -o st.npy --weights w.safetensors >/dev/null && ./n predict x.npy -o mapped.npy --weights w.packed >/dev/null || exit 1
x=$(yes x.npy | head -20 | tr '\n' ' ')
./n predict $x -o copied.npy --weights w.packed >/dev/null && ./n predict $x -o st20.npy --weights w.safetensors >/dev/null || exit 1
cmp st.npy mapped.npy && cmp st20.npy copied.npy && ./n bench --seconds 0.01 --weights w.packed >/dev/null || exit 1

refused() { # TEXT COMMAND...
    text=$1
    shift
    "$@" >out 2>&1 && { echo "accepted: $*"; exit 1; }
    grep -q "$text" out || { echo "$* does not say '$text':"; cat out; exit 1; }
}
./n pack --weights w.safetensors -o plain.packed --target plain >/dev/null || exit 1
[ "$(./n info --json | grep -c '"runs_here": true')" = 1 ] ||
    refused 'byte 12: packed for target plain, but' ./n predict x.npy --weights plain.packed
./n predict x.npy --weights plain.packed --target plain >/dev/null || exit 1
target=$(./n bench --seed 1 --seconds 0.01 2>&1 | sed -n 's/.*, \(plain\|x86-64-v.\), .*/\1/p')
inceptc n.net --numerics safe "--target=$target" -o alone && ./alone predict x.npy -o alone.npy --weights w.packed >/dev/null && cmp st.npy alone.npy ||
    { echo "a program of $target alone has another layout"; exit 1; }
if [ "$1" = googlenet ]; then # of a random net the two may be the same code
    refused 'byte 24: packed in layout' ./exact predict x.npy --weights w.packed
fi
refused 'needs -o FILE' ./n pack --weights w.safetensors
refused 'no weights' ./n pack -o none.packed
refused 'is refused\|cannot write' ./n pack --weights w.safetensors -o none/w.packed
[ -z "$(ls | grep -e none -e tmp)" ] || { ls; exit 1; }
gcc -I"$here/runtime" -DNETWORK="${name}_network" -o use "$here/tests/runtime/packed_use.c" n.o "$here/build/libinceptrt.a" \
    -ljpeg -lpng -lz -lm -lpthread || exit 1
./use w.packed
