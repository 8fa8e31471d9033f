#!/bin/sh
# Every map of Keras and tf-slim: a file with the source's names and shapes is imported without a problem, nothing starts fresh but
# gamma, and the values lie where they belong. The maps are those that make_map.py writes.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo written session heads slots other; cd "$here/tests/weights/sources" && for f in *.tsv; do echo "${f%.tsv}"; done; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
fail() { echo "$*"; exit 1; }
net_of() { sed -n 's|^# for netdefs/\(.*\).net;.*|\1|p' "$here/netdefs/names/$1.map"; }
# import_as NAME [EXTRA]: random.safetensors of the source's names, and what inceptc makes of it in own.safetensors.
import_as() {
    /usr/bin/python3 "$here/tests/weights/random_source.py" "$here/tests/weights/sources/$1.tsv" random.safetensors $2 || exit 1
    case $1 in keras* | slim_inception_v1) aux=--inference ;; *) aux= ;; esac
    inceptc weights import random.safetensors --for "$here/netdefs/$(net_of "$1").net" --names "$1" $aux -o own.safetensors >report.txt || exit 1
}
case $1 in
written)
    /usr/bin/python3 "$here/netdefs/names/make_map.py" --all "$work" || exit 1
    for f in *.map; do cmp "$f" "$here/netdefs/names/$f" || exit 1; done
    [ "$(ls *.map | wc -l)" = 7 ] ;;
session) # Keras' numbers as a new session has them, and as one that made a v3 before has them
    /usr/bin/python3 "$here/netdefs/names/make_map.py" keras_inception_resnet_v2 --first 0 >0.map || exit 1
    /usr/bin/python3 "$here/netdefs/names/make_map.py" keras_inception_resnet_v2 --first 94 >94.map || exit 1
    grep -q '^conv2d/kernel conv2d_1a.conv.weight hwio$' 0.map && grep -q '^batch_normalization_1@ conv2d_2a.bn@$' 0.map || exit 1
    grep -q '^conv2d_94/kernel conv2d_1a.conv.weight hwio$' 94.map && grep -q '^batch_normalization_95@ conv2d_2a.bn@$' 94.map || exit 1 ;;
heads) # PyTorch's sources whose heads differ: renamed, and left out
    net=$here/netdefs/inception_resnet_v2.net
    inceptc weights init "$net" -o w.safetensors >/dev/null || exit 1
    inceptc weights export "$net" --weights w.safetensors --names cadene_inceptionresnetv2 -o cadene.safetensors >/dev/null || exit 1
    inceptc weights list cadene.safetensors >list.txt && grep -q '^last_linear.weight .*\[1000, 1536\]' list.txt || exit 1
    grep -q '^mixed_5b.branch0.conv.weight ' list.txt && ! grep -q classif list.txt || exit 1
    inceptc weights import cadene.safetensors --for "$net" --names cadene_inceptionresnetv2 -o back.safetensors >/dev/null && cmp w.safetensors back.safetensors || exit 1
    net=$here/netdefs/inception_resnet_v1_facenet.net
    inceptc weights init "$net" -o w.safetensors >/dev/null || exit 1
    printf 'logits.weight\t8631,512\nlogits.bias\t8631\n' >logits.tsv
    /usr/bin/python3 "$here/tests/weights/random_source.py" logits.tsv logits.safetensors || exit 1
    inceptc weights import w.safetensors logits.safetensors -o faces.safetensors >/dev/null || exit 1
    inceptc weights import faces.safetensors --for "$net" -o own.safetensors >out.txt 2>&1 && fail 'the classifier is none of the embedding'
    inceptc weights import faces.safetensors --for "$net" --names facenet -o own.safetensors >report.txt || exit 1
    grep -q '602 weights loaded, 0 fresh; 2 tensors ignored' report.txt && cmp w.safetensors own.safetensors ;;
slots) # an optimiser's slots, a moving average and the step counter are left out
    import_as slim_inception_v1 "InceptionV1/Conv2d_1a_7x7/weights/RMSProp_1 InceptionV1/Conv2d_1a_7x7/BatchNorm/beta/ExponentialMovingAverage global_step"
    grep -q '57 fresh; 3 tensors ignored' report.txt || { tail -8 report.txt; exit 1; } ;;
other) # a file of another network of the family is not taken, and the map that fits is named
    /usr/bin/python3 "$here/tests/weights/random_source.py" "$here/tests/weights/sources/slim_inception_v1.tsv" random.safetensors || exit 1
    inceptc weights import random.safetensors --for "$here/netdefs/inception_v4.net" --names slim_inception_v4 -o own.safetensors >out.txt 2>err.txt && fail 'v1 is no v4'
    inceptc weights import random.safetensors --for "$here/netdefs/googlenet_tv.net" --inference -o own.safetensors >out.txt 2>err.txt && fail 'without a map'
    grep -q 'with --names slim_inception_v1 230 do' err.txt || { cat err.txt; exit 1; } ;;
*)
    import_as "$1"
    awk '$1 == "fresh" && !/no gamma: ones/' report.txt >fresh.txt
    [ ! -s fresh.txt ] || { cat fresh.txt; exit 1; }
    tail -1 report.txt
    /usr/bin/python3 "$here/tests/weights/random_source.py" --check "$1" random.safetensors own.safetensors ;;
esac
