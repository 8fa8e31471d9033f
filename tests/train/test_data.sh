#!/bin/sh
# Folders are listed as torchvision does, random views equal PIL's pixels at the drawn places; broken folders are clear errors.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo views folder_order folder_errors no_images language dirty mutants; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tool=$here/build/data_tool
fail() { echo "$*"; exit 1; }
refused() { # DIR SENTENCE EXIT
    timeout 10 "$tool" folder "$1" >out 2>err
    [ $? = 1 ] && grep -qE -- "$2" err || { cat out err; fail "$1: expected an error with '$2'"; }
}
case $1 in
views) exec /usr/bin/python3 "$here/tests/train/views_pil.py" "$tool" "$here/demo/cat.png" ;;
folder_order)
    mkdir -p d/b/sub/deep d/b/sub-a d/B d/a/.cache d/.ipynb_checkpoints away
    for f in b/2.JPG b/10.jpg b/sub/z.png b/sub/deep/y.webp b/sub-a/x.pgm b/notes.txt b/Thumbs.db b/._2.JPG a/1.tiff a/.hidden.png a/.cache/1.png \
        B/q.bmp .ipynb_checkpoints/1.png top.png 'a/with space.jpeg' 'a/umläut.ppm' 'a/plus+.tif' b/none b/a.jpg.bak; do : >"d/$f"; done
    mkdir d/b/dir.png && : >d/b/dir.png/in.png
    : >away/linked.png
    ln -s ../../away d/a/link && ln -s ../away d/c && ln -s nowhere d/a/gone.jpg && ln -s ../away/linked.png d/B/l.png
    "$tool" folder d >got.txt && /usr/bin/python3 "$here/tests/train/folder_walk.py" d >want.txt && diff got.txt want.txt || exit 1
    [ "$(wc -l <got.txt)" = 15 ] || { cat got.txt; fail "another number of samples"; } ;;
folder_errors)
    mkdir -p none one/cat empty/cat empty/dog files loop/a loop/b locked/a locked/b
    : >one/cat/1.png && : >empty/cat/1.png && : >files/1.png && : >loop/a/1.png && ln -s ../.. loop/b/up
    refused nowhere "nowhere: cannot read: No such file or directory; a folder that holds one folder a class was expected"
    refused files/1.png 'files/1.png: cannot read: Not a directory'
    refused none 'none: no class folders; .*none/CLASS/PICTURE.jpg'
    refused files 'files: no class folders'
    refused empty 'empty/dog: no pictures; each class needs one'
    refused one "one: the only class folder is 'cat'; two or more are needed"
    refused loop 'folders lie deeper than 16 levels; does a link lead back' ;;
no_images) # a program without libraries still lists folders, and has no zlib
    PATH=$here/build:$PATH
    printf 'net small\nconventions torch\ninput x 1x8x8\nlogits = globalavgpool -> fc 5\noutput logits -> softmax\n' >small.net
    inceptc small.net --no-images -o small && readelf -d small >needed.txt || exit 1
    grep -q 'libz' needed.txt && fail 'it needs zlib'
    /usr/bin/python3 -c "
from PIL import Image
import os
for c in 'ab':
    os.makedirs('d/' + c)
    Image.new('L', (8, 8), 200).save('d/' + c + '/1.pgm')"
    ./small eval d --seed 1 >out.txt && grep -q '2 images in 2 classes' out.txt || { cat out.txt; fail 'a network of one channel evaluates grey pictures'; } ;;
language) # the steps of data {} are those of the program
    PATH=$here/build:$PATH
    printf 'net small\nconventions torch\ninput x 1x28x28\nlogits = globalavgpool -> fc 5\noutput logits -> softmax\ndata d {\n  train = idx("a", "b")\n  view = pad 4 -> crop 28 random -> flip random -> resizedcrop 28 bicubic -> jitter(0.4, 0.3, 0.2) -> normalize(mean(0.1307), std(0.3081))\n}\n' >small.net
    inceptc small.net -o small && ./small info >out.txt || exit 1
    grep -qF 'pad(4), random_crop(28, 28), flip, random_resized_crop(28, 28, bicubic), jitter(0.4, 0.3, 0.2), normalize(mean 0.1307 0.1307 0.1307, std 0.3081 0.3081 0.3081)' out.txt || { cat out.txt; fail 'another view'; } ;;
dirty) exec /usr/bin/python3 "$here/tests/train/dirty_folder.py" "$tool" "$here/demo/cat.png" ;;
mutants) # 1000 of each kind of picture: decoded or refused with the file's name
    /usr/bin/python3 "$here/tests/train/dirty_folder.py" make "$here/demo/cat.png" || exit 1
    for f in *.*; do timeout 60 "$tool" mutants "$f" 1000 || fail "$f: exit $?"; done ;;
*) fail "no case $1" ;;
esac
