#!/bin/sh
# numerics.sh [NET...]: the error of each level of numerics against the interpreter's doubles, on photographs. Batch norms calibrated on the
# first. JUDGED pictures go through the interpreter (1 to 8 s each), PICTURES through every program, HASHED through 1, 2, 3, 4 and 7 threads.
here=$(cd "$(dirname "$0")/.." && pwd)
inceptc=$here/build/inceptc
cd "$here" && . bench/venvs.sh && python=$(venv_python photographs bench/pictures.py) || exit 1
judged=${JUDGED:-20} pictures=${PICTURES:-200} hashed=${HASHED:-5}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
$python "$here/bench/pictures.py" pictures "$pictures" || exit 1
echo "$(gcc --version | head -1), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $judged pictures judged by the interpreter, $pictures by top-1,"
echo "$hashed through 1, 2, 3, 4, 7 threads: hashes of their logits.  Errors are |d logit| / deviation of the picture's logits: rms and largest,"
echo "median and worst picture; centred: the deviation without what all pictures share, and top-1 likewise (bench/numerics.py)."
echo "                                         rms      max      max  centred  top-1 as the        of    "
echo "network              target     level median   median    worst    worst   judge   exact's classes hashes"
for net in ${*:-googlenet googlenet_tv bn_inception inception_v3 inception_v4 inception_resnet_v1 inception_resnet_v2}; do
    netdef=$here/netdefs/$net.net
    rm -f ./*.npy
    for level in exact safe fast; do $inceptc "$netdef" --numerics $level -o "$level" || exit 1; done
    ./exact init --seed 3 -o fresh.safetensors >log && $inceptc "$netdef" --dump=graph >graph.txt &&
        $python "$here/tests/nets/shift_beta.py" fresh.safetensors start.safetensors graph.txt &&
        $inceptc run "$netdef" pictures/000.png --weights start.safetensors --calibrate w.safetensors -o calibrated.npy || exit 1
    for p in $(ls pictures | head -"$judged"); do
        $inceptc run "$netdef" "pictures/$p" --weights w.safetensors -o "ref-${p%.png}.npy" || exit 1
    done
    for target in x86-64-v3 x86-64-v4; do
        ./exact predict pictures/000.png --weights w.safetensors --target $target >log 2>&1 || { echo "$net: this processor does not run $target"; continue; }
        for level in exact safe fast; do
            ./$level predict pictures/*.png --weights w.safetensors --target $target --logits $level-$target.npy >log || exit 1
            hashes=$(for t in 1 2 3 4 7; do
                ./$level predict $(ls pictures/*.png | head -"$hashed") --weights w.safetensors --target $target --threads $t --logits some.npy >log &&
                    sha256sum some.npy
            done | sort -u | wc -l)
            $python "$here/bench/numerics.py" "$net" $level $target "$hashes" || exit 1
        done
    done
done
