#!/bin/sh
# Names and shapes of parameters equal the public checkpoints': tests/nets/reference holds the tables; netdefs/names maps what the
# language cannot spell.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo googlenet:googlenet_tv inception_v3:inception_v3 inception_v4:inception_v4 inception_resnet_v1:inception_resnet_v1_facenet inception_resnet_v2:inception_resnet_v2 bninception:bn_inception; exit 0; }
table=${1%%:*} net=${1##*:}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
map=$here/netdefs/names/cadene_$table.map
[ -f "$map" ] || map=
/usr/bin/python3 - "$here/tests/nets/reference/$table.tsv" $map <<'P' | sort >"$work/want" || exit 1
import re, sys
rules = [line.split() for line in open(sys.argv[2]) if line.strip() and line[0] != '#'] if len(sys.argv) > 2 else []
for line in open(sys.argv[1]):
    name, shape = line.rstrip('\n').split('\t')[:2]
    if 'num_batches_tracked' in name:
        continue
    for foreign, own in rules:
        m = re.fullmatch(foreign, name)
        if m:
            name = m.expand(own)
            break
    else:
        assert not rules, 'no rule for ' + name
    print(name, shape.replace(',', 'x'))
P
"$here/build/inceptc" "$here/netdefs/$net.net" --dump=graph | awk '$1 == "weight" { print $2, $3 }' | sort >"$work/got"
[ -s "$work/got" ] && diff "$work/want" "$work/got"
