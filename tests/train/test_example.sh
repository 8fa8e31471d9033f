#!/bin/sh
# examples/cats_vs_dogs: the script that makes folders; its recipe from end to end on a small network; its netdef compiles.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo folders recipe batch_statistics compiles; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
example=$here/examples/cats_vs_dogs
make_folders() { /usr/bin/python3 "$example/make_folders.py" "$@"; }
fail() { echo "$*"; exit 1; }
refused() { # SENTENCE ARGUMENT...
    sentence=$1
    shift
    make_folders "$@" >out 2>&1 && fail "make_folders.py $*: expected an error"
    grep -q -- "$sentence" out || { cat out; fail "make_folders.py $*: expected '$sentence'"; }
}
# The pretrained base and pictures of two classes, some smaller than the crop and one that is none.
prepare() {
    cp "$here/tests/train/example.net" . && inceptc example.net --train --target=native -o base || exit 1
    ./base train --threads 2 -o runs --experiment base >log 2>&1 && cp runs/base/last.safetensors pretrained.safetensors || { cat log; fail 'the base'; }
    /usr/bin/python3 "$here/tests/train/fashion_jpegs.py" all 60 && make_folders all >/dev/null || fail 'pictures'
    echo 'no picture' >data/train/boot/broken.jpg
    sed 's/inception_v3.net/example.net/; s|"../../netdefs/|"|; s/inception_v3.safetensors/pretrained.safetensors/; s/centercrop 299/centercrop 24/' \
        "$example/cats_vs_dogs.net" >pets.net
}
# Which tensors two checkpoints share and which differ, as words.
compare() {
    /usr/bin/python3 - pretrained.safetensors "$1" <<'P'
import json, struct, sys
def read(path):
    raw = open(path, "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    return {k: raw[8 + n + e["data_offsets"][0]:8 + n + e["data_offsets"][1]] for k, e in json.loads(raw[8:8 + n]).items() if k != "__metadata__"}
a, b = (read(p) for p in sys.argv[1:])
heads = ("fc.", "AuxLogits.fc.")
names = [k for k in b if not k.startswith("optimizer.")]
assert set(names) == {k for k in a if not k.startswith("optimizer.")}
kind = lambda k: "heads" if k.startswith(heads) else "statistics" if "running_" in k else "frozen"
state = lambda k: "same" if a[k] == b[k] else "differ"
print(" ".join(sorted({kind(k) + "=" + state(k) for k in names})))
assert {k.split(".", 2)[2] for k in b if k.startswith("optimizer.")} == {k for k in names if kind(k) == "heads"}, "states of the optimiser"
P
}

case $1 in
folders)
    mkdir all cats dogs many
    for i in 1 2 3 4 5 6 7 8 9 10; do echo "cat $i" >all/cat.$i.jpg && echo "dog $i" >all/dog.$i.JPG && echo $i >cats/$i.png && echo $i >dogs/$i.png; done
    touch all/notes.txt all/.cat.hidden.jpg many/a.1.jpg many/b.1.jpg many/c.1.jpg
    make_folders all >out || exit 1
    [ "$(ls data/train/cat data/train/dog data/validation/cat data/validation/dog | grep -c JPG)" = 10 ] || fail 'dogs'
    [ "$(find data -type f | wc -l)$(find data/validation -type f | wc -l)" = 204 ] || { find data; fail 'a fifth validates, nothing is lost'; }
    for f in data/*/*/*; do cmp "$f" "all/$(basename "$f")" || fail "$f"; done
    find data -type f | sort >first
    refused 'data is there already' all
    refused 'data is there already' cats dogs
    find data -type f | sort | cmp - first || fail 'it wrote into a folder that was there'
    mv data old && make_folders all >out && find data -type f | sort | cmp - first || fail 'the same seed, the same folders'
    make_folders all --seed 2 -o other >out && find other -type f | sort | sed s/^other/data/ | cmp -s - first && fail 'another seed, other folders'
    make_folders cats dogs -o deep/two --validation 0.5 --link >out && [ "$(find deep/two/validation/dogs -type l | wc -l)" = 5 ] || fail 'two folders'
    refused 'two classes are needed, there are 3' many -o x
    refused 'two classes are needed, there are 1: cats' cats cats -o x
    refused 'nowhere: no such folder' nowhere -o x
    rm many/c.1.jpg && refused "class 'a' has 1 pictures" many -o x
    [ ! -e x ] && ! ls -d ./*.part* 2>/dev/null || fail 'it left something behind' ;;
recipe)
    prepare
    inceptc pets.net --train --target=native -o pets && ./pets train --threads 2 --epochs 12 --experiment pets >log 2>&1 || { cat log; fail 'training'; }
    run=runs/pets
    [ "$(cat $run/class_names.txt)" = "boot
trousers" ] || fail 'class names'
    [ "$(wc -l <$run/bad_images.txt)" = 1 ] && grep -q 'boot/broken.jpg' $run/bad_images.txt || fail 'the file that is no picture'
    compare $run/last.safetensors >words && [ "$(cat words)" = 'frozen=same heads=differ statistics=same' ] || { cat words; fail 'what is frozen'; }
    [ "$(wc -l <$run/log.csv)" = 13 ] || { cat $run/log.csv; fail 'an epoch a row'; }
    accuracy=$(sed -n 's/^best: accuracy \([0-9]*\).*/\1/p' log)
    [ "$accuracy" -ge 90 ] || { cat log; fail "accuracy $accuracy"; }
    for tag in weights/fc.weight gradients/AuxLogits.fc.bias inputs/8 loss/AuxLogits; do grep -q -a -F "$tag" $run/train/events* || fail "no $tag"; done
    grep -q -a -F 'weights/stem' $run/train/events* && fail 'histograms of frozen weights'
    right=0
    for f in data/validation/*/*; do
        ./pets predict "$f" --top 1 --weights $run/best.safetensors --labels $run/class_names.txt >out || exit 1
        grep -q "$(basename "$(dirname "$f")")" out && right=$((right + 1))
    done
    [ $right -ge 22 ] || fail "$right of 24 predictions are right" # boot and trousers do not stand in the names of files' folders by chance
    ./pets train --resume $run --epochs 13 >log 2>&1 && [ "$(wc -l <$run/log.csv)" = 14 ] || { cat log; fail 'resumed'; } ;;
batch_statistics)
    prepare
    sed -i 's/^\(freeze [^#]*[^ #]\) *#.*/\1 bn=batch/' pets.net && grep -q 'fc bn=batch$' pets.net || fail 'the line of freeze'
    inceptc pets.net --train --target=native -o pets && ./pets train --threads 2 --epochs 1 --experiment pets >log 2>&1 || { cat log; fail 'training'; }
    compare runs/pets/last.safetensors >words && [ "$(cat words)" = 'frozen=same heads=differ statistics=differ' ] || { cat words; fail 'what is frozen'; } ;;
compiles)
    inceptc "$example/cats_vs_dogs.net" --train --target=x86-64-v3 -o cats_vs_dogs.c >out 2>&1 && [ ! -s out ] || { cat out; fail 'it compiles, and says nothing'; }
    grep -q '"AuxLogits.fc", 2, 0.2999' cats_vs_dogs.c || grep -q '"AuxLogits.*", 2, 0.29999' cats_vs_dogs.c || fail 'the auxiliary head counts 0.3'
    grep -q 'RT_VIEW_CENTERCROP, 299, 299' cats_vs_dogs.c || fail 'the crop' ;;
*) fail "no test '$1'" ;;
esac
